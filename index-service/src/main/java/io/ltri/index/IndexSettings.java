package io.ltri.index;

import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.ClientAccess;
import io.ltri.edge.access.ListenRule;
import io.ltri.edge.watch.WatchSettings;
import io.ltri.index.store.LifeSettings;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
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
 * @param socket Unix socket to listen on beside; null, or {@code none}: none
 * @param inProcess name under which an inference service in the same process finds this one beside;
 *     empty: none
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
 * @param quota most real bytes of all documents together; 0: no limit but the disk's
 * @param tenantQuota most real bytes of each tenant; 0: no limit
 * @param tenantQuotas most real bytes of single tenants, by their names, instead of {@code
 *     tenantQuota}
 * @param reserve bytes that are left free on the disk
 * @param evict whether documents that are not pinned may be removed to make room within a quota
 * @param evictIdle a document used in so short a time is not evicted
 * @param buildAge a build that nobody has gone on with for so long is removed
 * @param sweepInterval how often expired documents are removed, and last uses written down
 * @param keys file of the keys with which documents are encrypted; null: they are not
 * @param zookeeper coordination service of a cluster, {@code host:port,...}; empty: no cluster
 * @param cluster its name there
 * @param blobs where sealed documents are published, as {@link io.ltri.index.blob.BlobStores} reads
 *     it; a cluster needs one, and nobody else has one
 * @param shards in how many shards the documents of the cluster lie; never changes
 * @param replicas nodes that serve a shard; fixed by the first node
 * @param splitAbove documents as large as this are split over nodes by ranges of layers; 0: none;
 *     fixed by the first node
 * @param session a node of which ZooKeeper has not heard for so long is taken for dead
 * @param node name of this node in the cluster; empty: that of its machine
 * @param advertise {@code host:port} by which others reach it; empty: where it listens
 * @param zone what fails together has one; empty: none
 * @param drain at most so long does a node that ends wait until others have taken over
 * @param peers how this node reaches the others
 * @param access who may reach this service
 * @param watch how it can be watched
 */
@ConfigurationProperties(prefix = "ltri.index", ignoreUnknownFields = false)
public record IndexSettings(
    Path data,
    @DefaultValue("127.0.0.1") InetAddress host,
    @DefaultValue("7700") int port,
    @Nullable Path socket,
    @DefaultValue("") String inProcess,
    @DefaultValue("10") int layersPerFile,
    @DefaultValue("100000") int graphFromVectors,
    @DefaultValue("64MB") DataSize maxMessage,
    @DefaultValue("1024") int maxQueries,
    @DefaultValue("65536") int maxCandidateTokens,
    @DefaultValue("0") int searchThreads,
    @DefaultValue("16MB") DataSize luceneBuffer,
    @DefaultValue("64") int openDocuments,
    @DefaultValue("0") DataSize quota,
    @DefaultValue("0") DataSize tenantQuota,
    @DefaultValue Map<String, DataSize> tenantQuotas,
    @DefaultValue("64MB") DataSize reserve,
    @DefaultValue("true") boolean evict,
    @DefaultValue("60s") Duration evictIdle,
    @DefaultValue("1d") Duration buildAge,
    @DefaultValue("60s") Duration sweepInterval,
    @Nullable Path keys,
    @DefaultValue("") String zookeeper,
    @DefaultValue("ltri") String cluster,
    @DefaultValue("") String blobs,
    @DefaultValue("64") int shards,
    @DefaultValue("2") int replicas,
    @DefaultValue("16GB") DataSize splitAbove,
    @DefaultValue("4s") Duration session,
    @DefaultValue("") String node,
    @DefaultValue("") String advertise,
    @DefaultValue("") String zone,
    @DefaultValue("30s") Duration drain,
    @DefaultValue ClientAccess peers,
    @DefaultValue AccessSettings access,
    @DefaultValue WatchSettings watch) {

  public IndexSettings {
    socket = socket == null || socket.toString().equals("none") ? null : socket.toAbsolutePath();
    within("port", port, 0, 65_535);
    within("layers-per-file", layersPerFile, 1, 4096);
    within("graph-from-vectors", graphFromVectors, 1, Integer.MAX_VALUE);
    within("max-message", maxMessage.toBytes(), 1 << 20, 1 << 30);
    within("max-queries", maxQueries, 1, 1 << 16);
    within("max-candidate-tokens", maxCandidateTokens, 1, 1 << 22);
    within("search-threads", searchThreads, 0, 1024);
    within("lucene-buffer", luceneBuffer.toBytes(), 1 << 20, 1 << 30);
    within("open-documents", openDocuments, 1, 1 << 14);
    within("quota", quota.toBytes(), 0, Long.MAX_VALUE);
    within("tenant-quota", tenantQuota.toBytes(), 0, Long.MAX_VALUE);
    tenantQuotas = Map.copyOf(tenantQuotas);
    tenantQuotas.forEach(
        (tenant, most) -> within("tenant-quotas." + tenant, most.toBytes(), 0, Long.MAX_VALUE));
    within("reserve", reserve.toBytes(), 0, Long.MAX_VALUE);
    within("evict-idle (milliseconds)", evictIdle.toMillis(), 0, Long.MAX_VALUE);
    within("build-age (milliseconds)", buildAge.toMillis(), 1, Long.MAX_VALUE);
    within("sweep-interval (milliseconds)", sweepInterval.toMillis(), 1, Long.MAX_VALUE);
    within("shards", shards, 1, 4096);
    within("replicas", replicas, 1, 16);
    within("split-above", splitAbove.toBytes(), 0, Long.MAX_VALUE);
    within("session (milliseconds)", session.toMillis(), 1000, 600_000);
    within("drain (milliseconds)", drain.toMillis(), 0, 3_600_000);
    if (!zookeeper.isEmpty() && blobs.isEmpty()) {
      throw new IllegalArgumentException(
          "the nodes of a cluster (LTRI_INDEX_ZOOKEEPER) share their documents by a blob store: name it with LTRI_INDEX_BLOBS, as folder:/path or s3://bucket/prefix");
    }
    if (zookeeper.isEmpty() && !blobs.isEmpty()) {
      throw new IllegalArgumentException(
          "a blob store (LTRI_INDEX_BLOBS) is for the nodes of a cluster: name its LTRI_INDEX_ZOOKEEPER too, or leave both out");
    }
  }

  /** Refuses an address that strangers reach where nothing keeps them out. */
  void requireMayListen() {
    ListenRule.require(
        "LTRI_INDEX_", host, access.tls().serves(), access.asksForCredentials(), access.insecure());
  }

  private static void within(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "ltri.index.%s must be %d to %d, not %d".formatted(name, least, most, value));
    }
  }

  LifeSettings life() {
    return new LifeSettings(
        quota.toBytes(),
        tenantQuota.toBytes(),
        tenantQuotas.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, most -> most.getValue().toBytes())),
        reserve.toBytes(),
        evict,
        evictIdle.toMillis(),
        buildAge.toMillis());
  }

  int threads() {
    return searchThreads > 0 ? searchThreads : Runtime.getRuntime().availableProcessors();
  }
}
