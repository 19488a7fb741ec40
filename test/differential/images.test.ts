import { compareScenarios } from "./compare.ts";

compareScenarios("images");
