import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import { readCdiSpecs } from "../../host/config/cdi.ts";
import type { Context } from "../../host/context.ts";
import { type CdiParts, cdiParts, resolveCdiDevices } from "../../oci/cdi.ts";
import type { CdiDeviceNode } from "../../oci/cdi-spec.ts";
import type { HostDevice } from "../../oci/generate-spec.ts";
import { numbersOf, typeOf } from "./devices.ts";
import type { Owner } from "./owner.ts";

/** What the devices of the Container Device Interface with these names give a container whose user is `user`. */
export async function cdiDevices(
  ctx: Context,
  names: readonly string[],
  user: Owner,
): Promise<CdiParts & { devices: HostDevice[] }> {
  const { directories, files, faults } = await readCdiSpecs(ctx);
  const { edits, missing } = resolveCdiDevices(files, names);
  if (missing.length > 0) {
    throw new EngineError(
      "no-such-device",
      `setting up CDI devices: unresolvable CDI devices ${missing.join(", ")}`,
      {
        hint:
          faults.length > 0
            ? `these files are of no use: ${faults.join("; ")}`
            : `exactly one file in ${directories.join(" or ")} has to describe a device`,
      },
    );
  }
  const nodes = [...new Map(edits.deviceNodes.map((node) => [node.path, node])).values()];
  return { ...cdiParts(edits), devices: nodes.map((node) => hostDevice(node, user)) };
}

function hostDevice(node: CdiDeviceNode, user: Owner): HostDevice {
  const { path, permissions = "rwm", fileMode = 0o666, uid = user.uid, gid = user.gid } = node;
  const hostPath = node.hostPath || path;
  return {
    hostPath,
    containerPath: path,
    permissions: permissions === "none" ? "" : permissions || "rwm",
    ...withNumbers(node, hostPath),
    fileMode,
    uid,
    gid,
  };
}

/** Of a device that isn't there on the host a file may say everything. */
function withNumbers(node: CdiDeviceNode, hostPath: string): Pick<HostDevice, "type" | "major" | "minor"> {
  const { path, major = 0, minor = 0 } = node;
  // "u" is another word for a character device.
  const said = node.type === "u" ? "c" : ((node.type || undefined) as HostDevice["type"] | undefined);
  if (said && (major !== 0 || said === "p")) return { type: said, major, minor };
  const fail = (reason: string, exitCode: number): never => {
    throw new EngineError("no-such-device", `setting up CDI devices: failed to inject devices: ${reason}`, {
      exitCode,
      hint: "the file that describes this device may be out of date",
    });
  };
  const failed = `failed to stat CDI host device "${hostPath}"`;
  let stats: fs.Stats;
  try {
    stats = fs.lstatSync(hostPath);
  } catch (error) {
    return fail(`${failed}: ${reasonOf(error)}`, 127);
  }
  const type = typeOf(stats);
  if (!type) return fail(`${failed}: not a device node`, 125);
  if (said && said !== type) {
    fail(`CDI device ("${path}", "${hostPath}"), host type mismatch (${said}, ${type})`, 125);
  }
  return { type, ...(major === 0 && type !== "p" ? numbersOf(stats) : { major, minor }) };
}
