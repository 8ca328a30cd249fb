/**
 * Counts distinct things in fixed memory (HyperLogLog with linear counting for small numbers). With 64 registers
 * the standard error is 13 %, with 4,096 it is 1.6 %, and half as much again around two and a half times as many
 * things as registers. Up to three things are never counted as more. Merging takes the larger register, so it is
 * commutative and idempotent.
 */
export class HyperLogLog {
  readonly registers: Uint8Array

  /** @param size a power of two, 16 to 65,536 */
  constructor(size: number) {
    this.registers = new Uint8Array(size)
  }

  /** @param hash 53 well-mixed bits, as `keyedHash` gives them */
  add(hash: number): void {
    const size = this.registers.length
    const index = hash % size
    const rest = Math.floor(hash / size)
    const rank = rest === 0 ? 40 : Math.clz32(rest >>> 0 || 1) + 1
    if (rank > this.registers[index]!) this.registers[index] = rank
  }

  merge(registers: ArrayLike<number>): void {
    const size = Math.min(registers.length, this.registers.length)
    for (let i = 0; i < size; i++) {
      if (registers[i]! > this.registers[i]!) this.registers[i] = registers[i]!
    }
  }

  estimate(): number {
    const size = this.registers.length
    let harmonic = 0
    let empty = 0
    for (const rank of this.registers) {
      harmonic += 2 ** -rank
      if (rank === 0) empty++
    }
    const raw = ((0.7213 / (1 + 1.079 / size)) * size * size) / harmonic
    return raw <= 2.5 * size && empty > 0 ? size * Math.log(size / empty) : raw
  }

  clear(): void {
    this.registers.fill(0)
  }
}
