import { spawnSync } from 'node:child_process'

/** What some tests need beyond Node: programs of Debian packages, a Python package, and root. */
type Need = 'root' | 'moto' | 'tcpdump' | 'sipp' | 'kamailio' | 'ip' | 'strace' | 'cfn-lint'

const SOURCES: Record<Need, string> = {
  root: 'root',
  moto: "moto (pip install 'moto[server]==5.2.1')",
  tcpdump: 'tcpdump (Debian package tcpdump)',
  sipp: 'sipp (Debian package sip-tester)',
  kamailio: 'kamailio (Debian package kamailio)',
  ip: 'ip (Debian package iproute2)',
  strace: 'strace (Debian package strace)',
  'cfn-lint': "cfn-lint (pip install 'cfn-lint==1.51.0')",
}

/** Whether something that these tests need is missing; says so on standard error, so that no skip is silent. */
export function lacks(tests: string, ...needs: Need[]): boolean {
  const missing = needs.filter((need) => !has(need))
  if (missing.length === 0) return false
  const how = missing.map((need) => SOURCES[need])
  process.stderr.write(`SKIPPED: ${tests}; needs ${how.join(', ')}\n`)
  return true
}

function has(need: Need): boolean {
  if (need === 'root') return process.getuid?.() === 0
  if (need === 'moto') return spawnSync('python3', ['-c', 'import moto.server']).status === 0
  // A container may have it, and not let it trace anything.
  if (need === 'strace') return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
  return spawnSync('sh', ['-c', `command -v ${need}`]).status === 0
}
