package io.ltri.inference.retrieval.cluster;

import io.ltri.inference.retrieval.LookupStream;
import io.ltri.inference.retrieval.SearchRule;
import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Look-ups over documents that are split by ranges of layers: those of a layer go where that layer
 * is.
 */
final class SplitLookupStream implements LookupStream {

  private final Splits.Parts parts;
  private final IntFunction<LookupStream> open;
  private final @Nullable LookupStream[] streams;

  /**
   * @param open of a part
   */
  SplitLookupStream(Splits.Parts parts, IntFunction<LookupStream> open) {
    this.parts = parts;
    this.open = open;
    this.streams = new LookupStream[parts.count()];
  }

  @Override
  public Asked ask(
      int layer,
      MemorySegment queries,
      int count,
      int candidateTokens,
      int returnTokens,
      SearchRule rule) {
    int part = parts.of(layer);
    LookupStream stream = streams[part];
    if (stream == null) {
      stream = open.apply(part);
      streams[part] = stream;
    }
    return stream.ask(layer, queries, count, candidateTokens, returnTokens, rule);
  }

  @Override
  public long hedged() {
    long hedged = 0;
    for (LookupStream stream : streams) {
      hedged += stream == null ? 0 : stream.hedged();
    }
    return hedged;
  }

  @Override
  public void close() {
    for (LookupStream stream : streams) {
      if (stream != null) {
        stream.close();
      }
    }
  }
}
