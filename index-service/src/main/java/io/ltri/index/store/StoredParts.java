package io.ltri.index.store;

import io.ltri.index.cipher.DocumentCipher;
import org.jspecify.annotations.Nullable;

/**
 * How keys and values of a document lie in its block files.
 *
 * @param overhead bytes that a part has more than its plain text
 */
record StoredParts(DocumentLayout layout, int overhead) {

  static StoredParts of(DocumentLayout layout, boolean encrypted) {
    return new StoredParts(layout, encrypted ? DocumentCipher.OVERHEAD : 0);
  }

  static StoredParts of(DocumentLayout layout, @Nullable DocumentCipher cipher) {
    return of(layout, cipher != null);
  }

  /** Bytes of the keys, and of the values, of a span of so many tokens. */
  long bytes(int tokens) {
    return layout.partBytes(tokens) + overhead;
  }

  /** What an encrypted part is bound to. */
  static String place(String blockFile, int layer, int span, String part) {
    return blockFile + " layer " + layer + " span " + span + " " + part;
  }
}
