package io.ltri.index.store;

import java.util.Map;

/**
 * A document to be begun.
 *
 * @param ephemeral a private delta of one sequence: not listed, gone with a restart
 * @param buildKey names the work: an unfinished build of the same tenant with this key is taken
 *     over; empty: always a new one
 */
public record NewDocument(
    DocumentLayout layout,
    Map<String, String> attributes,
    boolean ephemeral,
    String buildKey,
    Origin origin) {

  public NewDocument {
    attributes = Map.copyOf(attributes);
    if (ephemeral && !buildKey.isEmpty()) {
      throw new InvalidInputException(
          "an ephemeral document goes with its sequence and can not be taken up again: leave out build_key, or ephemeral");
    }
  }
}
