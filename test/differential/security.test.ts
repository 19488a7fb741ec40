import { compareScenarios } from "./compare.ts";

compareScenarios("security");
