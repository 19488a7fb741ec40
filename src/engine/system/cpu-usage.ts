/** Shares of the time since boot, in percent with two digits, from the text of /proc/stat. */
export interface CpuUsage {
  userPercent: number;
  systemPercent: number;
  idlePercent: number;
}

export function parseCpuUsage(stat: string): CpuUsage {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  const total = user + nice + system + idle + wait + irq + softirq;
  const percent = (ticks: number) => (total > 0 ? Math.round((ticks / total) * 10000) / 100 : 0);
  return { userPercent: percent(user), systemPercent: percent(system), idlePercent: percent(idle) };
}
