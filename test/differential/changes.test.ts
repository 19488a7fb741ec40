import { compareScenarios } from "./compare.ts";

compareScenarios("changes");
