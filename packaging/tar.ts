/** A file of an archive. */
export interface TarFile {
  /** Relative, with `/`, at most 100 bytes: the plain name field holds no more. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly executable: boolean
}

const BLOCK = 512
const LONGEST_NAME = 100
/** The same for every file, and not 0, of which tar warns: the start of the year 2000. */
const MTIME_SECONDS = 946_684_800

/**
 * A tar archive (POSIX.1-1988 ustar) of the files and the folders they are in. The same files give the same bytes,
 * in whatever order they come: names are sorted, everything is root's and of one date. Throws where a name is too long.
 */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const folder of foldersOf(files)) parts.push(header(`${folder}/`, 0, 0o755, '5'))
  for (const { name, bytes, executable } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    parts.push(header(name, bytes.length, executable ? 0o755 : 0o644, '0'), bytes)
    parts.push(new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK))
  }
  parts.push(new Uint8Array(2 * BLOCK))
  return Buffer.concat(parts)
}

/** Every folder above a file, once, those above first. */
function foldersOf(files: readonly TarFile[]): string[] {
  const folders = new Set<string>()
  for (const { name } of files) {
    const parts = name.split('/')
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join('/'))
  }
  return [...folders].sort()
}

function header(name: string, size: number, mode: number, type: '0' | '5'): Uint8Array {
  if (Buffer.byteLength(name) > LONGEST_NAME)
    throw new Error(`Cannot pack "${name}": its name should have at most ${LONGEST_NAME} bytes`)
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0)
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(MTIME_SECONDS, 11), 136)
  block.write(' '.repeat(8), 148) // counts as blanks in its own sum
  block.write(type, 156)
  block.write('ustar\0' + '00', 257)
  block.write('root', 265)
  block.write('root', 297)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
