import { compareScenarios } from "./compare.ts";

compareScenarios("generate");
