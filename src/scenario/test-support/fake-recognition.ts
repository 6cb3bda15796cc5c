import { Emitter } from '../../kernel/emitter.ts';
import type {
  Recognition,
  RecognitionEvents,
  RecognitionOptions,
  RecognitionStream,
} from '../../speech/recognition.ts';

/** A stream that says what the test makes it say. */
export class FakeRecognitionStream implements RecognitionStream {
  readonly provider = 'fake';
  readonly rate = 16_000;
  readonly events = new Emitter<RecognitionEvents>();
  readonly options: RecognitionOptions;
  written = 0;
  flushed = 0;
  closed = false;

  constructor(options: RecognitionOptions) {
    this.options = options;
  }
  write(samples: Int16Array): void {
    this.written += samples.length;
  }
  flush(): void {
    this.flushed++;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  end(): void {
    this.events.emit('ended', {});
  }
  close(): void {
    this.closed = true;
  }
}

export class FakeRecognition implements Recognition {
  readonly streams: FakeRecognitionStream[] = [];
  /** Thrown by the next `open`. */
  refuses: Error | undefined;

  open(options: RecognitionOptions): FakeRecognitionStream {
    if (this.refuses !== undefined) throw this.refuses;
    const stream = new FakeRecognitionStream(options);
    this.streams.push(stream);
    return stream;
  }
}
