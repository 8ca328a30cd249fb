/** A fault that is put into the product on purpose, and the tests that must fail with it. */
export interface PlantedFault {
  readonly name: string
  readonly file: string
  /** Text that stands in the file once. It finds the place, so that no line number has to. */
  readonly find: string
  readonly replace: string
  /** Files below test/ that are run; one of their assertions must fail. */
  readonly tests: readonly string[]
  /** Only the tests whose names hold this, where a file takes long. */
  readonly only?: string
  /** What the fault would do to people, where the name does not say it. */
  readonly why?: string
}

/** The text with the fault in it. Throws where the place is not there, or is not the only one. */
export function planted(text: string, { name, file, find, replace }: PlantedFault): string {
  const places = text.split(find).length - 1
  if (places === 1) return text.split(find).join(replace)
  throw new Error(
    `Cannot plant "${name}": its text stands ${places} times in ${file}, expected once; see whether the fault can still be made there`,
  )
}
