package io.ltri.index;

import java.net.InetAddress;
import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Every setting of the index service, under {@code ltri.index}; as environment variables {@code
 * LTRI_INDEX_PORT}, {@code LTRI_INDEX_DATA} and so on.
 *
 * @param data where documents live; {@code ~/.ltri} unless {@code LTRI_HOME} says otherwise
 * @param host address to listen on; loopback unless told otherwise
 * @param port to listen on; 0: any free one
 * @param layersPerFile layers of a document that share a block file; of documents created from now
 *     on
 * @param graphFromVectors a document with at least this many summary vectors in a layer is sealed
 *     with search graphs
 * @param maxMessage largest message that is taken in
 * @param maxQueries queries per head in one look-up
 * @param maxCandidateTokens tokens that one look-up may re-score; with 64 queries each takes 256
 *     bytes per thread
 * @param searchThreads threads that a look-up with many queries spreads over; 0: as many as there
 *     are cores
 * @param luceneBuffer heap that a seal may fill before it writes vectors out
 * @param openDocuments sealed documents that stay mapped when nobody reads them; each takes some
 *     hundred kilobytes of heap and about twenty file handles and mappings
 */
@ConfigurationProperties(prefix = "ltri.index", ignoreUnknownFields = false)
public record IndexSettings(
    Path data,
    @DefaultValue("127.0.0.1") InetAddress host,
    @DefaultValue("7700") int port,
    @DefaultValue("10") int layersPerFile,
    @DefaultValue("100000") int graphFromVectors,
    @DefaultValue("64MB") DataSize maxMessage,
    @DefaultValue("1024") int maxQueries,
    @DefaultValue("65536") int maxCandidateTokens,
    @DefaultValue("0") int searchThreads,
    @DefaultValue("16MB") DataSize luceneBuffer,
    @DefaultValue("64") int openDocuments) {

  public IndexSettings {
    within("port", port, 0, 65_535);
    within("layers-per-file", layersPerFile, 1, 4096);
    within("graph-from-vectors", graphFromVectors, 1, Integer.MAX_VALUE);
    within("max-message", maxMessage.toBytes(), 1 << 20, 1 << 30);
    within("max-queries", maxQueries, 1, 1 << 16);
    within("max-candidate-tokens", maxCandidateTokens, 1, 1 << 22);
    within("search-threads", searchThreads, 0, 1024);
    within("lucene-buffer", luceneBuffer.toBytes(), 1 << 20, 1 << 30);
    within("open-documents", openDocuments, 1, 1 << 14);
  }

  private static void within(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "ltri.index.%s must be %d to %d, not %d".formatted(name, least, most, value));
    }
  }

  int threads() {
    return searchThreads > 0 ? searchThreads : Runtime.getRuntime().availableProcessors();
  }
}
