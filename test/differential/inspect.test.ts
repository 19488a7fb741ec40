import { compareScenarios } from "./compare.ts";

compareScenarios("inspect");
