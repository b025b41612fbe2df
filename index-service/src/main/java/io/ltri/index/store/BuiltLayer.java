package io.ltri.index.store;

import java.util.List;

/**
 * What readers may see of a layer of a document that is being built.
 *
 * @param end one after the last token of the last span
 * @param chain of records and vectors of all spans, see {@link SpanChain}
 */
record BuiltLayer(
    int spans,
    int vectors,
    long tokens,
    int end,
    int chain,
    List<Extent> recordExtents,
    List<Extent> vectorExtents) {

  static final BuiltLayer EMPTY = new BuiltLayer(0, 0, 0, 0, 0, List.of(), List.of());
}
