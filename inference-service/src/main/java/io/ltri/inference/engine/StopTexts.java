package io.ltri.inference.engine;

import java.util.List;

/**
 * Holds text back while it could still become a stop text, and ends the answer before the first of
 * them.
 */
final class StopTexts {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  StopTexts(List<String> stops) {
    for (String stop : stops) {
      if (stop.isEmpty()) {
        throw new RequestException(RequestException.Reason.BAD_INPUT, "a stop text is empty");
      }
    }
    this.stops = List.copyOf(stops);
  }

  boolean stopped() {
    return stopped;
  }

  /**
   * @return what of the text so far can be shown
   */
  String accept(String text) {
    if (stopped) {
      return "";
    }
    held.append(text);
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    if (first >= 0) {
      stopped = true;
      return take(first);
    }
    return take(held.length() - heldBack());
  }

  /**
   * @return what was held back, when no more text comes
   */
  String end() {
    return stopped ? "" : take(held.length());
  }

  private int heldBack() {
    int most = 0;
    for (String stop : stops) {
      for (int size = Math.min(stop.length() - 1, held.length()); size > most; size--) {
        if (stop.startsWith(held.substring(held.length() - size))) {
          most = size;
        }
      }
    }
    return most;
  }

  private String take(int size) {
    String text = held.substring(0, size);
    held.delete(0, size);
    return text;
  }
}
