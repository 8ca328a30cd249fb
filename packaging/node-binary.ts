import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ARCHES = ['x64', 'arm64'] as const
export type Arch = (typeof ARCHES)[number]

export interface NodeBinary {
  readonly version: string
  readonly bytes: Uint8Array
  readonly license: string
}

/** `e_machine` of the ELF header: EM_X86_64 and EM_AARCH64. */
const ELF_MACHINES: Readonly<Record<Arch, number>> = { x64: 62, arm64: 183 }
const ELF_MACHINE_AT = 18

/**
 * The Node for that architecture, from its npm package, as package-lock.json here names it; npm checks it against the
 * lock. Throws where there is no such package to be had, or it holds something else. Leaves nothing behind but what
 * npm keeps in its own cache.
 */
export function nodeBinary(arch: Arch): NodeBinary {
  const folder = mkdtempSync(join(tmpdir(), 'sipfence-node-'))
  try {
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(join(import.meta.dirname, name), join(folder, name))
    const what = ['--prefix', folder, '--os', 'linux', '--cpu', arch, '--ignore-scripts', '--no-bin-links']
    execFileSync('npm', ['ci', ...what, '--prefer-offline', '--no-audit', '--no-fund'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    return readBinary(join(folder, 'node_modules', `node-linux-${arch}`), arch)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readBinary(folder: string, arch: Arch): NodeBinary {
  // npm says nothing where an optional package cannot be installed.
  if (!existsSync(folder))
    throw new Error(
      `Cannot pack Node for ${arch}: npm has not installed it; see that its registry can be reached`,
    )
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  const bytes = readFileSync(join(folder, 'bin/node'))
  if (bytes.readUInt16LE(ELF_MACHINE_AT) !== ELF_MACHINES[arch])
    throw new Error(`Cannot pack Node for ${arch}: the package's bin/node is for another machine`)
  return { version, bytes, license: readFileSync(join(folder, 'LICENSE'), 'utf8') }
}
