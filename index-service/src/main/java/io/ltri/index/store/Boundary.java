package io.ltri.index.store;

import java.util.List;

/**
 * A place within a document where another one can begin: a checkpoint of its build that was kept,
 * with the tail of that moment in a file of its own.
 *
 * @param tokens read by then, as the caller gave them
 * @param number of the checkpoint; names the file
 * @param tailBytes size of that file
 * @param spans that were closed by then, of each layer
 */
record Boundary(long tokens, int number, long tailBytes, List<Integer> spans) {

  private static final String PREFIX = "boundary-";

  Boundary {
    spans = List.copyOf(spans);
  }

  static String file(int number) {
    return PREFIX + number;
  }

  /** The tail of that moment. */
  String file() {
    return file(number);
  }

  /** Whether it can be one of a document with so many layers. */
  boolean makesSense(int layers) {
    return tokens > 0
        && number >= 1
        && tailBytes >= 0
        && spans.size() == layers
        && spans.stream().allMatch(count -> count >= 0);
  }

  /** Whether each is behind the one before it, and has seen no fewer spans. */
  static boolean follow(List<Boundary> boundaries) {
    for (int i = 1; i < boundaries.size(); i++) {
      Boundary before = boundaries.get(i - 1);
      Boundary next = boundaries.get(i);
      if (next.tokens <= before.tokens || next.number <= before.number) {
        return false;
      }
      for (int layer = 0; layer < next.spans.size(); layer++) {
        if (next.spans.get(layer) < before.spans.get(layer)) {
          return false;
        }
      }
    }
    return true;
  }
}
