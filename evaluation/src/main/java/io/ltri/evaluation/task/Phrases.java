package io.ltri.evaluation.task;

import java.util.List;

/** Small pieces of English that several tasks need. */
final class Phrases {
  private Phrases() {}

  /** {@code a}, {@code a and b}, {@code a, b, and c}. */
  static String listed(List<String> items) {
    return switch (items.size()) {
      case 1 -> items.getFirst();
      case 2 -> items.get(0) + " and " + items.get(1);
      default -> String.join(", ", items.subList(0, items.size() - 1)) + ", and " + items.getLast();
    };
  }
}
