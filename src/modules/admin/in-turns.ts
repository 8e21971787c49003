import { Readable } from 'node:stream';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { jsonParts } from '../../common/json-parts.js';
import { piecesOf } from '../../common/turns.js';

/** An answer that is written as it is made, in short turns, so that requests do not wait for the whole of it. */
export function inTurns(
  parts: Iterable<string> | AsyncIterable<string>,
  type = 'application/json; charset=utf-8',
): StreamableFile {
  return new StreamableFile(Readable.from(piecesOf(parts), { objectMode: false }), { type });
}

/** For answers that grow with the configuration. */
@Injectable()
export class JsonInTurns implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<StreamableFile> {
    return next.handle().pipe(map((value) => inTurns(jsonParts(value))));
  }
}
