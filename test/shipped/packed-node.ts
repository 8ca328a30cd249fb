import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nodeBinary } from '../../packaging/node-binary.ts'
import { ROOT } from '../commands/cli.ts'

const ARCH = process.arch === 'arm64' ? 'arm64' : 'x64'

/**
 * The path of the Node that the sidecar's tarball carries, of the major version that the functions run on. npm installs it
 * from packaging's lock file, once after each `npm ci` and each change of that file; it takes some 6 s.
 */
export function packedNode(): string {
  const lock = readFileSync(join(ROOT, 'packaging/package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 16)
  const path = join(ROOT, 'node_modules/.cache/sipfence', `node-${ARCH}-${digest}`, 'node')
  if (!existsSync(path)) keep(path, nodeBinary(ARCH).bytes)
  return path
}

/** Whole or not at all: other test processes may want it at the same time. */
function keep(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  const part = `${path}.${process.pid}`
  writeFileSync(part, bytes, { mode: 0o755 })
  renameSync(part, path)
}
