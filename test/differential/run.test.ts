import { compareScenarios } from "./compare.ts";

compareScenarios("run");
