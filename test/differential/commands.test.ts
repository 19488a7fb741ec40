import { compareScenarios } from "./compare.ts";

compareScenarios("commands");
