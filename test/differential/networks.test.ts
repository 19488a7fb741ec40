import { compareScenarios } from "./compare.ts";

compareScenarios("networks");
