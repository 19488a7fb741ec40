import { DiffCommand } from "../../src/cli/diff-command.ts";

export default class ContainerDiff extends DiffCommand {
  static override summary = "Inspect changes to the container's file systems";
  static override description =
    "Displays changes to the container filesystem's.  The container will be compared to its parent layer or the second argument when given.";
  static override usage = "[options] CONTAINER [CONTAINER]";
  static override examples = [
    "coracle container diff myCtr",
    "coracle container diff -l --format json myCtr",
  ];
  static override completes = ["container", "container"] as const;

  protected readonly kind = "container";
}
