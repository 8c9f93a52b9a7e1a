/** Means and 95% confidence intervals of a few runs (Student, 1908; Welch, 1947, for the difference of two). */

export interface Interval {
  readonly runs: number
  readonly mean: number
  /** Half the width of the interval; null: one run says nothing about its spread. */
  readonly plusMinus: number | null
}

/** Two-sided 95% quantiles of Student's t for 1 to 30 degrees of freedom. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Beyond 30 the first term of its expansion is right to three digits (Abramowitz and Stegun, 26.7.5). */
export function t95(degrees: number): number {
  const whole = Math.max(1, Math.floor(degrees))
  return T95[whole - 1] ?? 1.96 + 2.37 / whole
}

export function intervalOf(values: readonly number[]): Interval {
  const { runs, mean, variance } = momentsOf(values)
  return { runs, mean, plusMinus: runs < 2 ? null : t95(runs - 1) * Math.sqrt(variance / runs) }
}

/** Of the mean of `b` less that of `a`. */
export function differenceOf(a: readonly number[], b: readonly number[]): Interval {
  const [x, y] = [momentsOf(a), momentsOf(b)]
  const mean = y.mean - x.mean
  const runs = Math.min(x.runs, y.runs)
  if (runs < 2) return { runs, mean, plusMinus: null }
  const [u, v] = [x.variance / x.runs, y.variance / y.runs]
  if (u + v === 0) return { runs, mean, plusMinus: 0 }
  const degrees = (u + v) ** 2 / (u ** 2 / (x.runs - 1) + v ** 2 / (y.runs - 1))
  return { runs, mean, plusMinus: t95(degrees) * Math.sqrt(u + v) }
}

function momentsOf(values: readonly number[]): {
  readonly runs: number
  readonly mean: number
  readonly variance: number
} {
  const runs = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, runs)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, runs - 1)
  return { runs, mean, variance }
}
