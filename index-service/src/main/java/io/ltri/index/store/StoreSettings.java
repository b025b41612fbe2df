package io.ltri.index.store;

import io.ltri.index.cipher.TenantKeys;
import java.nio.file.Path;

/**
 * Settings of the store.
 *
 * @param dataFolder holds {@code documents/}
 * @param layersPerFile layers that share a block file and a span table
 * @param graphFromVectors a document whose largest layer has at least this many vectors per KV head
 *     gets search graphs
 * @param luceneBufferMegabytes heap that a seal may fill before it writes vectors out
 * @param openDocuments sealed documents that stay mapped when nobody reads them
 * @param life limits of bytes, and what is removed by itself
 * @param keys with which documents are encrypted
 */
public record StoreSettings(
    Path dataFolder,
    int layersPerFile,
    int graphFromVectors,
    double luceneBufferMegabytes,
    int openDocuments,
    LifeSettings life,
    TenantKeys keys) {

  private static final int OPEN_DOCUMENTS = 64;

  /** Without encryption. */
  public StoreSettings(
      Path dataFolder,
      int layersPerFile,
      int graphFromVectors,
      double luceneBufferMegabytes,
      int openDocuments,
      LifeSettings life) {
    this(
        dataFolder,
        layersPerFile,
        graphFromVectors,
        luceneBufferMegabytes,
        openDocuments,
        life,
        TenantKeys.NONE);
  }

  /** Without limits and encryption. */
  public StoreSettings(
      Path dataFolder, int layersPerFile, int graphFromVectors, double luceneBufferMegabytes) {
    this(
        dataFolder,
        layersPerFile,
        graphFromVectors,
        luceneBufferMegabytes,
        OPEN_DOCUMENTS,
        LifeSettings.UNLIMITED);
  }

  /** The same, with these keys. */
  public StoreSettings with(TenantKeys otherKeys) {
    return new StoreSettings(
        dataFolder,
        layersPerFile,
        graphFromVectors,
        luceneBufferMegabytes,
        openDocuments,
        life,
        otherKeys);
  }
}
