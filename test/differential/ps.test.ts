import { compareScenarios } from "./compare.ts";

compareScenarios("ps");
