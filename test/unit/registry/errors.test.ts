import { expect, test } from "vitest";
import { EngineError } from "../../../src/errors.ts";
import { parseRetryAfter, withRetries } from "../../../src/registry/errors.ts";

test("Retry-After has seconds or a date", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(parseRetryAfter("120", now)).toBe(120);
  expect(parseRetryAfter("Thu, 01 Jan 2026 00:01:30 GMT", now)).toBe(90);
  expect(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now)).toBe(0);
  expect(parseRetryAfter("soon", now)).toBeUndefined();
  expect(parseRetryAfter(null, now)).toBeUndefined();
});

test("only what may work the next time is tried again, and not for ever", async () => {
  const failing = (code: string) => {
    let calls = 0;
    const work = () => {
      calls++;
      return Promise.reject(new EngineError(code, "connection reset"));
    };
    return { work, calls: () => calls };
  };
  const busy = failing("registry-unavailable");
  await expect(withRetries(busy.work, { attempts: 3, delay: 0 })).rejects.toThrow("reset");
  expect(busy.calls()).toBe(3);
  const gone = failing("manifest-unknown");
  await expect(withRetries(gone.work, { attempts: 3, delay: 0 })).rejects.toThrow("reset");
  expect(gone.calls()).toBe(1);
  const stopped = failing("registry-unavailable");
  const signal = AbortSignal.timeout(10);
  await expect(withRetries(stopped.work, { attempts: 3, delay: 60, signal })).rejects.toThrow("abort");
  expect(stopped.calls()).toBe(1);
});

test("a registry that isn't there is waited for by those who want that", async () => {
  let calls = 0;
  const work = () => {
    calls++;
    return calls < 3
      ? Promise.reject(new EngineError("registry-unreachable", "registry x: connect: connection refused"))
      : Promise.resolve("there");
  };
  await expect(withRetries(work, { attempts: 3, delay: 0 })).rejects.toThrow("connection refused");
  expect(calls).toBe(1);
  calls = 0;
  const told: unknown[] = [];
  const patient = { attempts: 4, delay: 0, patient: true, onRetry: (retry: object) => told.push(retry) };
  await expect(withRetries(work, patient)).resolves.toBe("there");
  expect(told).toMatchObject([
    { attempt: 1, retries: 3, wait: 0 },
    { attempt: 2, retries: 3 },
  ]);
});
