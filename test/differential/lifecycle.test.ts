import { compareScenarios } from "./compare.ts";

compareScenarios("lifecycle");
