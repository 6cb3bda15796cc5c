/** Recognition of a flow: what people say are texts, and those who listen get them. */
import { Emitter } from '../kernel/emitter.ts';
import type { MediaListener } from '../media/engine.ts';
import {
  type Recognition,
  RecognitionError,
  type RecognitionEvents,
  type RecognitionOptions,
  type RecognitionStream,
} from '../speech/recognition.ts';

export class StreamDouble implements RecognitionStream {
  readonly provider = 'test';
  readonly rate = 8000;
  readonly events = new Emitter<RecognitionEvents>();
  readonly options: RecognitionOptions;
  /** Where its sound comes from. */
  listener: MediaListener | undefined;
  isOpen = true;

  constructor(options: RecognitionOptions) {
    this.options = options;
    queueMicrotask(() => {
      if (this.isOpen) this.events.emit('ready', {});
    });
  }
  write(): void {}
  flush(): void {}
  drained(): Promise<void> {
    return Promise.resolve();
  }
  end(): void {
    queueMicrotask(() => {
      if (this.isOpen) this.events.emit('ended', {});
    });
  }
  close(): void {
    this.isOpen = false;
  }
}

export class RecognitionDouble implements Recognition {
  /** Set: nothing is recognised, for this reason. */
  fault: string | undefined;
  /** What recognisers were asked for, in order. */
  readonly asked: RecognitionOptions[] = [];
  readonly #streams: StreamDouble[] = [];

  open(options: RecognitionOptions): RecognitionStream {
    this.asked.push(options);
    if (this.fault !== undefined) throw new RecognitionError(this.fault);
    const stream = new StreamDouble(options);
    this.#streams.push(stream);
    return stream;
  }

  /** A listener follows its recogniser at once (scenario/host/asr.ts). */
  listens(listener: MediaListener): void {
    const stream = this.#streams.at(-1);
    if (stream !== undefined) stream.listener ??= listener;
  }

  /** Those that hear what comes to these listeners. */
  hearing(hears: (listener: MediaListener) => boolean): readonly StreamDouble[] {
    return this.#streams.filter(
      ({ isOpen, listener }) => isOpen && listener !== undefined && hears(listener),
    );
  }
}
