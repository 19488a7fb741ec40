import { compareScenarios } from "./compare.ts";

compareScenarios("cp");
