/** What a function wrote that is JSON, line by line. */
export function jsonOf(lines: readonly string[]): readonly Record<string, unknown>[] {
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : []
    } catch {
      return []
    }
  })
}

interface Directive {
  readonly Namespace: string
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[]
}

/**
 * The metrics that CloudWatch would read from a function's log, each as the sum of its values. Throws where a line
 * breaks the embedded metric format's rules: every metric and every dimension that is named has its value in the line.
 */
export function metricsOf(lines: readonly string[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const line of jsonOf(lines)) {
    const { CloudWatchMetrics: directives = [] } = (line['_aws'] ?? {}) as {
      readonly CloudWatchMetrics?: readonly Directive[]
    }
    for (const { Metrics, Dimensions } of directives) {
      for (const name of Dimensions.flat()) if (typeof line[name] !== 'string') throw broken(name, line)
      for (const { Name } of Metrics) sums[Name] = (sums[Name] ?? 0) + sumIn(Name, line)
    }
  }
  return sums
}

/** Every series that they would add to: namespace, name and dimensions, as CloudWatch tells them apart. */
export function seriesOf(lines: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const line of jsonOf(lines)) {
    const { CloudWatchMetrics: directives = [] } = (line['_aws'] ?? {}) as {
      readonly CloudWatchMetrics?: readonly Directive[]
    }
    for (const { Namespace, Metrics, Dimensions } of directives)
      for (const { Name } of Metrics)
        for (const names of Dimensions)
          found.add(seriesName(Namespace, Name, Object.fromEntries(names.map((name) => [name, line[name]]))))
  }
  return found
}

export function seriesName(
  namespace: string,
  name: string,
  dimensions: Readonly<Record<string, unknown>>,
): string {
  return `${namespace} ${name} ${JSON.stringify(dimensions)}`
}

/** A number, or a list of them where the same metric was added more than once. */
function sumIn(name: string, line: Readonly<Record<string, unknown>>): number {
  const values = [line[name]].flat()
  if (values.every((value) => typeof value === 'number')) return values.reduce((sum, value) => sum + value, 0)
  throw broken(name, line)
}

function broken(name: string, line: object): Error {
  return new Error(`Cannot read the value of "${name}" in ${JSON.stringify(line).slice(0, 300)}`)
}
