import { DiffCommand } from "../src/cli/diff-command.ts";

export default class Diff extends DiffCommand {
  static override summary = "Display the changes to the object's file system";
  static override description =
    "Displays changes on a container or image's filesystem.  The container or image will be compared to its parent layer or the second argument when given.";
  static override usage = "[options] {CONTAINER|IMAGE} [{CONTAINER|IMAGE}]";
  static override examples = [
    "coracle diff imageID",
    "coracle diff ctrID",
    "coracle diff --format json redis:alpine",
  ];
  static override completes = ["container-or-image", "container-or-image"] as const;

  protected readonly kind = "all";
}
