import { compareScenarios } from "./compare.ts";

compareScenarios("volumes");
