import { expect, test } from "vitest";
import { neededControllers, withControllers } from "../../../src/oci/resources.ts";

const all = {
  devices: [{ allow: false, access: "rwm" }],
  memory: { limit: 1 },
  cpu: { shares: 2, cpus: "0" },
  pids: { limit: 3 },
  blockIO: { weight: 4 },
  unified: { "memory.high": "5", "cgroup.max.depth": "6", "hugetlb.2MB.max": "7" },
};

test("limits need the controllers of their files", () => {
  expect(neededControllers(all)).toEqual(["memory", "cpu", "cpuset", "pids", "io", "hugetlb"]);
  expect(neededControllers({ cpu: { mems: "0" }, pids: { limit: -1 } })).toEqual(["cpuset"]);
  expect(neededControllers({ devices: all.devices })).toEqual([]);
});

test("limits go with their controllers", () => {
  expect(withControllers(all, neededControllers(all))).toEqual(all);
  expect(withControllers(all, ["cpu", "hugetlb"])).toEqual({
    devices: all.devices,
    cpu: { shares: 2 },
    unified: { "cgroup.max.depth": "6", "hugetlb.2MB.max": "7" },
  });
  expect(withControllers({ pids: { limit: -1 } }, [])).toEqual({});
});
