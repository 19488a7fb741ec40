import { compareScenarios } from "./compare.ts";

compareScenarios("exec");
