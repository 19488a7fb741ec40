import { compareScenarios } from "./compare.ts";

compareScenarios("scripts");
