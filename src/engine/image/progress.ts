/** What a pull, load or save tells while it works. */
export type ImageProgress =
  | { type: "resolved"; text: string }
  | { type: "trying"; reference: string }
  /** A service manager has been asked for so much time. */
  | { type: "extended"; reference: string; time: string }
  | { type: "sources" }
  /** A line of its own, about a list of images. */
  | { type: "list"; text: string }
  | { type: "layer"; digest: string; status: "started" | "done" | "exists" }
  /** How much of a layer has come. */
  | { type: "layer"; digest: string; status: "growing"; received: number; size: number }
  | { type: "config"; digest: string }
  | { type: "manifest" }
  | { type: "warning"; text: string };

export type OnProgress = (event: ImageProgress) => void;
