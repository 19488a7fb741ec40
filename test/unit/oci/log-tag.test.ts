import { expect, test } from "vitest";
import { expandLogTag } from "../../../src/oci/log-tag.ts";

const fields = { ID: "0123", Name: "web", ImageName: "docker.io/library/nginx", Image: "4567" };

test("a log tag has fields of the container", () => {
  expect(expandLogTag("plain", fields)).toBe("plain");
  expect(expandLogTag("{{.Name}}/{{ .ID }}-{{.ImageName}}", fields)).toBe("web/0123-docker.io/library/nginx");
});

test.each(["{{.Config.Image}}", "{{json .}}", "{{.constructor}}", "{{.ID | upper}}"])(
  "%s is refused",
  (tag) => {
    expect(() => expandLogTag(tag, fields)).toThrow("is not supported yet");
  },
);
