import { spawnSync } from 'node:child_process'

/** What some tests need beyond Node: programs of Debian packages, and root. */
type Need = 'root' | 'tcpdump' | 'sipp' | 'kamailio' | 'ip'

const PACKAGES: Record<Exclude<Need, 'root'>, string> = {
  tcpdump: 'tcpdump',
  sipp: 'sip-tester',
  kamailio: 'kamailio',
  ip: 'iproute2',
}

/** Whether something that these tests need is missing; says so on standard error, so that no skip is silent. */
export function lacks(tests: string, ...needs: Need[]): boolean {
  const missing = needs.filter((need) => !has(need))
  if (missing.length === 0) return false
  const how = missing.map((need) => (need === 'root' ? 'root' : `${need} (Debian package ${PACKAGES[need]})`))
  process.stderr.write(`SKIPPED: ${tests}; needs ${how.join(', ')}\n`)
  return true
}

function has(need: Need): boolean {
  if (need === 'root') return process.getuid?.() === 0
  return spawnSync('sh', ['-c', `command -v ${need}`]).status === 0
}
