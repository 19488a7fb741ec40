import { compareScenarios } from "./compare.ts";

compareScenarios("inside");
