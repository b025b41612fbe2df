package io.ltri.index.store;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The sealed documents that are mapped, the one used longest ago first. When there are more than
 * wanted, those that nobody reads let their mappings and file handles go; they are opened again
 * when they are next read.
 */
final class OpenDocuments {

  private final int most;
  private final Map<String, SealedDocument> byUse = new LinkedHashMap<>(16, 0.75f, true);

  OpenDocuments(int most) {
    this.most = most;
  }

  /** A reader has opened this document, and has it open still. */
  synchronized void used(String id, SealedDocument document) {
    byUse.put(id, document);
    Iterator<SealedDocument> eldest = byUse.values().iterator();
    while (byUse.size() > most && eldest.hasNext()) {
      if (eldest.next().closeIdle()) {
        eldest.remove();
      }
    }
  }

  synchronized void forget(String id) {
    byUse.remove(id);
  }

  synchronized int count() {
    return byUse.size();
  }
}
