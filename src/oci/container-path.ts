import { invalid } from "./invalid.ts";

/** An absolute path without `.`, `..`, double and trailing slashes. `..` stops at `/`. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Where something is mounted in the container. */
export function parseDestination(text: string): string {
  if (text === "") throw invalid("container directory cannot be empty");
  if (!text.startsWith("/")) throw invalid(`invalid container path "${text}", must be an absolute path`);
  const path = cleanPath(text);
  if (path === "/")
    throw invalid(`invalid container path "${text}", the root of the container can't be mounted over`);
  return path;
}
