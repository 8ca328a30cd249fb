/**
 * A 53-bit hash of some texts under a key. The key is drawn afresh at each start, so that nobody outside can
 * choose texts that collide. Two texts meet by chance once in 2^53 pairs; a collision costs a wrong count,
 * never a crash. Two rounds of multiply and rotate over UTF-16 units, finished as in MurmurHash3.
 */
export function keyedHash(key: number, first: string, second = ''): number {
  let high = 0xdeadbeef ^ key
  let low = 0x41c6ce57 ^ Math.imul(key, 0x9e3779b1)
  for (let part = 0; part < 2; part++) {
    const text = part === 0 ? first : second
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      high = Math.imul(high ^ unit, 0x85ebca6b)
      low = Math.imul(low ^ unit, 0xc2b2ae35)
      high = (high << 13) | (high >>> 19)
      low = (low << 17) | (low >>> 15)
    }
    high = Math.imul(high ^ (text.length + part), 0x27d4eb2f) // parts "a","bc" and "ab","c" must differ
  }
  high = mix(high ^ low)
  low = mix(low ^ Math.imul(high, 0x165667b1))
  return (high >>> 11) * 4_294_967_296 + (low >>> 0)
}

function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
