import { disabledOf } from './commands.ts'
import { aboutOf, NEEDS, QUESTIONS } from './questions.ts'
import type { Need } from './questions.ts'
import { FIRST_UI, goTo, withPlace } from './ui.ts'
import type { Effect, Shown, Ui } from './ui.ts'
import { press } from './press.ts'
import { EVENTS_MAX } from './source.ts'
import type { MeshSource, SeenEvent } from './source.ts'
import type { Body, Data } from './view.ts'

/** Longer than this is no line that is taken in at a glance: a token, for one. */
const NOTICE_MAX = 200

const isLine = (text: string): boolean => text.trimEnd().length <= NOTICE_MAX && !text.trimEnd().includes('\n')

export interface Snapshot {
  readonly ui: Ui
  readonly data: Data
}

/**
 * Holds what is shown: keys change `ui`, the source changes `data`, listeners draw. It asks only for what the screen at hand needs, one
 * question of a kind at a time, and again if something changed meanwhile.
 */
export class Desk {
  readonly #source: MeshSource
  readonly #listeners = new Set<() => void>()
  readonly #busy = new Map<string, { again: boolean }>()
  /** What each kind of question was last about. */
  readonly #asked = new Map<Need, string>()
  readonly #onQuit: () => void
  #snapshot: Snapshot
  #body: Body | undefined
  #events: readonly SeenEvent[] = []
  #stopped = false

  constructor(source: MeshSource, onQuit: () => void, ui: Ui = FIRST_UI) {
    this.#source = source
    this.#onQuit = onQuit
    this.#snapshot = { ui, data: { connection: source.connection(), actions: source.actions(), events: [] } }
  }

  readonly snapshot = (): Snapshot => this.#snapshot

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Follows the source. Returns how to stop. */
  start(): () => void {
    const stop = this.#source.subscribe(() => this.#refresh())
    this.#refresh()
    return () => {
      this.#stopped = true
      stop()
    }
  }

  /** What was drawn last: keys move within it. */
  drawn(body: Body | undefined): void {
    if (body === undefined) return
    const grew = this.#body?.visible !== body.visible
    this.#body = body
    if (grew && this.#snapshot.ui.screen === 'nodes') this.#load(false)
  }

  press(key: string): void {
    const before = this.#snapshot.ui
    const { ui, effect } = press(before, key, this.#shown())
    if (ui !== before) {
      this.#snapshot = { ...this.#snapshot, ui }
      // What another screen asked for a while ago may have changed.
      this.#load(ui.screen !== before.screen)
      this.#tell()
    }
    if (effect !== undefined) this.#do(effect)
  }

  #do(effect: Effect): void {
    if (effect.do === 'quit') {
      this.#onQuit()
      return
    }
    const { name, arg } = effect
    this.#source.act({ name, arg }).then(
      (text) => this.#said(`${name} ${arg}`.trim(), text),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        if (isLine(why)) this.#notice(`${name}: ${why}`, 'bad')
        else this.#said(`${name} ${arg}: not done`, why)
      },
    )
  }

  /** One line is a notice; more is a page of its own, which esc leaves. */
  #said(title: string, text: string): void {
    const lines = text.trimEnd().split('\n')
    if (isLine(text)) {
      this.#notice(lines[0] ?? '', 'good')
      return
    }
    const ui = goTo(this.#snapshot.ui, 'text')
    this.#snapshot = { ...this.#snapshot, ui: { ...withPlace(ui, { cursor: 0, top: 0 }), text: { title, lines } } }
    this.#refresh()
    this.#tell()
  }

  #notice(text: string, tone: 'good' | 'bad'): void {
    this.#snapshot = { ...this.#snapshot, ui: { ...this.#snapshot.ui, notice: { text, tone } } }
    this.#refresh()
    this.#tell()
  }

  #shown(): Shown {
    const { data } = this.#snapshot
    return {
      total: this.#body?.total ?? 0,
      rows: this.#body?.visible ?? 1,
      page: this.#body?.page ?? this.#body?.visible ?? 1,
      labels: data.summary?.labels ?? [],
      nodeAtCursor: this.#body?.node,
      policyAtCursor: this.#body?.policy,
      versionAtCursor: this.#body?.version,
      nodeName: this.#body?.nodeName,
      self: data.summary?.self.id,
      values: this.#body?.values,
      text: this.#body?.text,
      offered: new Set(data.actions.map(({ name }) => name)),
      disabled: disabledOf(data.actions),
      filterError: data.page?.error,
    }
  }

  /** The source has changed: everything on the screen is asked for again. */
  #refresh(): void {
    const [connection, actions, banner] = [this.#source.connection(), this.#source.actions(), this.#source.banner?.()]
    this.#put({ connection, actions, banner })
    this.#ask('summary')
    this.#ask('events')
    this.#load(true)
  }

  /** @param fresh ask although the same was asked before, because the answer may be another now */
  #load(fresh: boolean): void {
    const { ui } = this.#snapshot
    for (const need of NEEDS[ui.screen]) {
      const about = aboutOf(need, ui, this.#body?.visible ?? 0)
      if (!fresh && this.#asked.get(need) === about) continue
      this.#asked.set(need, about)
      this.#ask(need)
    }
  }

  #ask(need: Need): void {
    const busy = this.#busy.get(need)
    if (busy !== undefined) {
      busy.again = true
      return
    }
    const mine = { again: false }
    this.#busy.set(need, mine)
    // A question that fails leaves what was known; the connection tells why.
    this.#answer(need)
      .then(
        (part) => this.#put(part),
        () => undefined,
      )
      .finally(() => {
        this.#busy.delete(need)
        if (mine.again && !this.#stopped) this.#ask(need)
      })
      .catch(() => undefined)
  }

  async #answer(need: Need): Promise<Partial<Data>> {
    const { ui, data } = this.#snapshot
    const last = this.#events.at(-1)?.n ?? 0
    const part = await QUESTIONS[need]({ source: this.#source, ui, data, last, visible: this.#body?.visible ?? 0 })
    if (need !== 'events') return part
    const fresh = part.events ?? []
    if (fresh.length > 0) this.#events = [...this.#events, ...fresh].slice(-EVENTS_MAX)
    return { events: this.#events }
  }

  #put(part: Partial<Data>): void {
    if (this.#stopped) return
    const { data } = this.#snapshot
    if (Object.entries(part).every(([name, value]) => Reflect.get(data, name) === value)) return
    this.#snapshot = { ...this.#snapshot, data: { ...data, ...part } }
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
