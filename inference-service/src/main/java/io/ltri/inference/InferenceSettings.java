package io.ltri.inference;

import io.ltri.edge.access.AccessSettings;
import io.ltri.edge.access.ClientAccess;
import io.ltri.edge.access.ListenRule;
import io.ltri.edge.watch.WatchSettings;
import io.ltri.inference.attention.AnsweringSettings;
import io.ltri.inference.attention.LookupSettings;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.PositionScheme;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.attention.RetrievalHeadList;
import io.ltri.inference.engine.HeadsFile;
import io.ltri.inference.engine.OnIndexFailure;
import io.ltri.inference.http.HttpLimits;
import io.ltri.inference.model.HubDownload;
import io.ltri.inference.retrieval.IndexWaits;
import io.ltri.inference.retrieval.SearchRule;
import io.ltri.inference.retrieval.cluster.ClusterSpanIndex;
import io.ltri.inference.span.Cutting;
import io.ltri.inference.span.SegmenterName;
import io.ltri.inference.span.SpanSettings;
import io.ltri.inference.span.ThetaForm;
import io.ltri.inference.span.VectorForm;
import io.ltri.inference.tensor.DecoderSettings;
import io.ltri.inference.tensor.Precision;
import io.ltri.inference.tensor.StorageType;
import io.ltri.placement.helix.HelixSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of the inference service, {@code ltri.inference.*}; each also as an environment variable
 * ({@code LTRI_INFERENCE_WINDOWTOKENS}). {@code docs/configuration.md} explains them in one table.
 *
 * @param data where texts lie while they are received; {@code ~/.ltri} unless {@code LTRI_HOME}
 *     says otherwise
 * @param host to listen on; loopback unless told otherwise
 * @param port to listen on; 0: any free one
 * @param model file, folder or hub name (organisation/model); must be given
 * @param index address of the index service, host:port
 * @param indexSocket Unix socket on which the same service listens, which is used where the machine
 *     has such sockets; null: none
 * @param indexInProcess name under which an index service in the same process is found, which is
 *     used instead; empty: none
 * @param precision auto (by CPU), fp32, bf16, fp16 or int8
 * @param threads of the tensor library; 0: one for each core but one
 * @param storedWeights whether decode steps use the weights as a quantised file stores them
 * @param checkpointTokens after about so many tokens a reading is made safe; 0: never
 * @param boundaries so many of these places stay with a document at most, evenly spaced, behind
 *     which a text or prompt with the same beginning goes on; 0: none
 * @param warmStart whether a question is answered to nobody after the start, so that the first one
 *     that somebody asks is quick
 * @param headsFile names the retrieval heads; made by {@code ./ltri heads MODEL}
 * @param access who may reach this service
 * @param watch how it can be watched
 * @param indexAccess how the index service is reached where it keeps strangers out
 * @param tenantRate requests of a tenant in a second; 0: any number
 * @param tenantCalls requests of a tenant at a time; 0: any number
 * @param answers that are made at a time
 * @param answersWaiting besides these; more are refused
 * @param readings documents that are read at a time
 * @param readingsWaiting besides these; more are refused
 * @param zookeeper of a cluster of index nodes; empty: there is one index service, {@code index}
 * @param cluster name of the cluster
 * @param session after which a silent process is taken for dead by ZooKeeper
 * @param indexPatience a look-up or fetch that takes longer is asked for at another index node
 * @param indexHedges when a second index node is asked the same
 * @param replayMemory private spans that are kept to be given to another index node
 * @param patience with a client that sends or reads slowly: so long the head of a request may take,
 *     a body that comes drop by drop, and an answer that is not read
 */
@ConfigurationProperties(prefix = "ltri.inference", ignoreUnknownFields = false)
public record InferenceSettings(
    Path data,
    @DefaultValue("127.0.0.1") InetAddress host,
    @DefaultValue("7600") int port,
    @Nullable Path model,
    @DefaultValue("127.0.0.1:7700") String index,
    @Nullable Path indexSocket,
    @DefaultValue("") String indexInProcess,
    @DefaultValue("cpu") String device,
    @DefaultValue("auto") String precision,
    @DefaultValue("0") int threads,
    @DefaultValue("true") boolean storedWeights,
    @DefaultValue("ltri") String policy,
    @DefaultValue("64") int sinkTokens,
    @DefaultValue("512") int windowTokens,
    @DefaultValue("512") int chunkTokens,
    @DefaultValue("256") int readingBudgetTokens,
    @DefaultValue("256") int budgetTokens,
    @DefaultValue("8") int candidateMultiple,
    @DefaultValue("64") int lookupQueries,
    @DefaultValue("8") int spanShortest,
    @DefaultValue("64") int spanLongest,
    @DefaultValue("dynamic-program") String segmenter,
    @DefaultValue("0") double nmsOverlap,
    @DefaultValue("18") int spanUniformTokens,
    @DefaultValue("1") double surpriseFactor,
    @DefaultValue("512") int surpriseWindowTokens,
    @DefaultValue("band") String theta,
    @DefaultValue("1") double thetaFactor,
    @DefaultValue("0.008") double thetaConstant,
    @DefaultValue("0") double spanCost,
    @DefaultValue("dynamic") String spanVectors,
    @DefaultValue("4") int mostDynamicVectors,
    @DefaultValue("1") int spanLayerGroup,
    @DefaultValue("bf16") String storage,
    @DefaultValue("compact") String positions,
    @DefaultValue("5s") Duration lookupDeadline,
    @DefaultValue("60s") Duration readingLookupDeadline,
    @DefaultValue("8192") int checkpointTokens,
    @DefaultValue("16") int boundaries,
    @DefaultValue("10s") Duration indexDeadline,
    @DefaultValue("1s") Duration indexRetry,
    @DefaultValue("degrade") String onIndexFailure,
    @DefaultValue("1GB") DataSize recomputeMemory,
    @DefaultValue("256MB") DataSize blockCache,
    @DefaultValue("256") int maxTokens,
    @DefaultValue("true") boolean warmStart,
    @Nullable Path headsFile,
    @DefaultValue Http http,
    @DefaultValue Lookup lookup,
    @DefaultValue Lookup readingLookup,
    @DefaultValue AccessSettings access,
    @DefaultValue WatchSettings watch,
    @DefaultValue ClientAccess indexAccess,
    @DefaultValue("0") int tenantRate,
    @DefaultValue("256") int tenantCalls,
    @DefaultValue("16") int answers,
    @DefaultValue("256") int answersWaiting,
    @DefaultValue("4") int readings,
    @DefaultValue("64") int readingsWaiting,
    @DefaultValue("") String zookeeper,
    @DefaultValue("ltri") String cluster,
    @DefaultValue("4s") Duration session,
    @DefaultValue("1s") Duration indexPatience,
    @DefaultValue IndexHedges indexHedges,
    @DefaultValue("512MB") DataSize replayMemory,
    @DefaultValue("20s") Duration patience) {

  /** The first three layers change the residual stream much; docs/method.md, section 5. */
  private static final LookupSettings USUAL = LookupSettings.DEFAULT.withLookupAheadFrom(3);

  public InferenceSettings {
    if (!patience.isPositive()) {
      throw new IllegalArgumentException(
          "ltri.inference.patience is " + patience + ": it must be above 0");
    }
  }

  /**
   * When a second index node is asked the same, {@code ltri.inference.index-hedges.*}.
   *
   * @param percentile of the recent times of such calls, after which it is asked
   * @param share of all calls for which that is done, at most; 0: of none
   */
  record IndexHedges(@DefaultValue("95") double percentile, @DefaultValue("0.05") double share) {

    IndexHedges {
      if (!(percentile > 0 && percentile < 100)) {
        throw new IllegalArgumentException(
            "ltri.inference.index-hedges.percentile is "
                + percentile
                + ": it must be above 0 and below 100");
      }
      if (!(share >= 0 && share <= 1)) {
        throw new IllegalArgumentException(
            "ltri.inference.index-hedges.share is " + share + ": it must be from 0 to 1");
      }
    }
  }

  /**
   * The HTTP face, {@code ltri.inference.http.*}.
   *
   * @param host to listen on; loopback unless told otherwise
   * @param port to listen on; 0: any free one; -1: no HTTP at all
   * @param maxBody largest body of a request that is no file
   * @param maxUpload largest file that is taken in, exported documents excepted
   * @param maxPromptTokens most tokens of a prompt that are read for one answer; 0: no limit
   * @param mostPages of a file
   * @param fileDeadline after which a file is given up that does not become text
   * @param allowedHosts names under which browsers may reach the service, besides the machine's own
   */
  record Http(
      @DefaultValue("127.0.0.1") InetAddress host,
      @DefaultValue("8080") int port,
      @DefaultValue("16MB") DataSize maxBody,
      @DefaultValue("256MB") DataSize maxUpload,
      @DefaultValue("131072") int maxPromptTokens,
      @DefaultValue("20000") int mostPages,
      @DefaultValue("120s") Duration fileDeadline,
      @DefaultValue List<String> allowedHosts) {

    Http {
      require(port >= -1 && port <= 65535, "port", port, "from 0 to 65535, or -1 for none");
      require(
          maxBody.toBytes() > 0 && maxBody.toBytes() <= 1 << 30,
          "max-body",
          maxBody,
          "above 0 and at most 1GB");
      require(maxUpload.toBytes() > 0, "max-upload", maxUpload, "above 0");
      require(maxPromptTokens >= 0, "max-prompt-tokens", maxPromptTokens, "0 or more");
      require(mostPages > 0, "most-pages", mostPages, "above 0");
      require(fileDeadline.isPositive(), "file-deadline", fileDeadline, "above 0");
    }

    private static void require(boolean holds, String name, Object value, String range) {
      if (!holds) {
        throw new IllegalArgumentException(
            "ltri.inference.http." + name + " is " + value + ": it must be " + range);
      }
    }

    HttpLimits limits(Path folder, Duration patience) {
      return new HttpLimits(
          maxBody.toBytes(),
          maxUpload.toBytes(),
          maxPromptTokens,
          mostPages,
          fileDeadline,
          patience,
          folder,
          host.isLoopbackAddress(),
          allowedHosts);
    }
  }

  /**
   * The switches of a look-up, {@code ltri.inference.lookup.*} while answering and {@code
   * ltri.inference.reading-lookup.*} while reading.
   *
   * @param budgetByLayer one factor for each layer, separated by commas, or a file with one a line
   */
  record Lookup(
      @DefaultValue("0") double neighbourShare,
      @DefaultValue("0") double memoryDecay,
      @DefaultValue("0") double pinnedShare,
      @DefaultValue("1") double massThreshold,
      @DefaultValue("sum") String headRule,
      @DefaultValue("1") double headWeight,
      @DefaultValue("0") double background,
      @DefaultValue("0") double voteShare,
      @DefaultValue("") String budgetByLayer,
      @DefaultValue("1") int every,
      @DefaultValue("0") int lag,
      @Nullable Integer aheadFrom,
      @Nullable Integer seldomLayers,
      @DefaultValue("sum") String stageOne,
      @DefaultValue("true") boolean rescored) {

    /**
     * @param usual layers that ask ahead (where lag is 0) or seldom, where nothing is said
     */
    LookupSettings settings(String prefix, RetrievalHeadList heads, LookupSettings usual) {
      LookupSettings.HeadRule rule =
          constant(LookupSettings.HeadRule.class, prefix + ".head-rule", headRule);
      SearchRule search =
          new SearchRule(
              constant(SearchRule.StageOne.class, prefix + ".stage-one", stageOne), rescored);
      try {
        return new LookupSettings(
            neighbourShare,
            memoryDecay,
            pinnedShare,
            massThreshold,
            rule,
            headWeight,
            heads,
            background,
            voteShare,
            factors(),
            every,
            lag,
            aheadFrom != null ? aheadFrom : lag == 0 ? usual.lookupAheadFrom() : 0,
            seldomLayers != null ? seldomLayers : usual.seldomLayers(),
            search);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("ltri.inference." + prefix + "." + e.getMessage(), e);
      }
    }

    private List<Double> factors() {
      String text = budgetByLayer.strip();
      if (text.isEmpty()) {
        return List.of();
      }
      String list = text;
      if (!text.matches("[0-9., ]+")) {
        try {
          list = Files.readString(Path.of(text)).strip();
        } catch (IOException e) {
          throw new IllegalArgumentException(
              "budget-by-layer is no list of numbers and no file that can be read: " + text, e);
        }
      }
      List<Double> factors = new ArrayList<>();
      for (String factor : list.split("[,\\s]+", -1)) {
        try {
          factors.add(Double.parseDouble(factor));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "budget-by-layer has '" + factor + "', which is no number", e);
        }
      }
      return factors;
    }
  }

  /** Where the model is, fetched from the hub if it is named by a hub name and not there. */
  Path requiredModel() {
    if (model == null) {
      throw new IllegalArgumentException(
          "no model is named: set LTRI_INFERENCE_MODEL to a GGUF file or to a folder with safetensors");
    }
    if (!Files.exists(model) && HubDownload.isHubName(model.toString())) {
      return new HubDownload(data.resolve("models")).fetch(model.toString());
    }
    return model;
  }

  /** How the model is loaded. */
  public DecoderSettings decoder() {
    Precision chosen =
        precision.equals("auto")
            ? Precision.best()
            : constant(Precision.class, "precision", precision);
    // One core is left to the index. Two threads on two cores that something else needs as well
    // wait for each other at
    // every operation, spinning: a step then takes many times as long.
    int cores = Runtime.getRuntime().availableProcessors();
    int free = Math.max(1, cores - 1);
    return new DecoderSettings(
        device, chosen, threads > 0 ? threads : free, storedWeights, threads > 0 ? threads : cores);
  }

  /** How texts are read. */
  public ReadingSettings reading() {
    return new ReadingSettings(
        PolicyName.of(policy),
        sinkTokens,
        windowTokens,
        chunkTokens,
        readingBudgetTokens,
        candidateMultiple,
        lookupQueries,
        new SpanSettings(
            spanShortest,
            spanLongest,
            thetaFactor,
            spanCost,
            mostDynamicVectors,
            constant(ThetaForm.class, "theta", theta),
            thetaConstant,
            new Cutting(
                constant(SegmenterName.class, "segmenter", segmenter),
                nmsOverlap,
                spanUniformTokens,
                surpriseFactor,
                surpriseWindowTokens),
            constant(VectorForm.class, "span-vectors", spanVectors),
            spanLayerGroup),
        constant(StorageType.class, "storage", storage),
        constant(PositionScheme.class, "positions", positions),
        readingLookupSettings());
  }

  /** How questions are answered, unless they say otherwise. */
  public AnsweringSettings answering() {
    return new AnsweringSettings(
        budgetTokens, lookupDeadline, false, lookup.settings("lookup", retrievalHeads(), USUAL));
  }

  /** Refuses an address that strangers reach where nothing keeps them out. */
  void requireMayListen() {
    ListenRule.require(
        "LTRI_INFERENCE_",
        host,
        access.tls().serves(),
        access.asksForCredentials(),
        access.insecure());
    if (http.port() >= 0) {
      ListenRule.require(
          "LTRI_INFERENCE_",
          http.host(),
          access.tls().serves(),
          access.asksForCredentials(),
          access.insecure());
    }
  }

  /** How long calls to the index may take. */
  public IndexWaits indexWaits() {
    try {
      return new IndexWaits(indexDeadline, indexRetry);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("ltri.inference." + e.getMessage(), e);
    }
  }

  /** The cluster of index nodes; null if there is one index service. */
  @Nullable HelixSettings indexCluster() {
    return zookeeper.isEmpty()
        ? null
        : new HelixSettings(
            zookeeper, cluster, HelixSettings.SHARDS, HelixSettings.REPLICAS, session);
  }

  /** How a cluster is used. */
  ClusterSpanIndex.Settings clusterUse() {
    return new ClusterSpanIndex.Settings(
        indexPatience, replayMemory.toBytes(), indexHedges.percentile(), indexHedges.share());
  }

  /** What becomes of an answer when the index fails, unless the question says otherwise. */
  public OnIndexFailure onIndexFailureMode() {
    return constant(OnIndexFailure.class, "on-index-failure", onIndexFailure);
  }

  private LookupSettings readingLookupSettings() {
    if (readingLookup.pinnedShare() != 0
        || readingLookup.every() != 1
        || readingLookup.lag() != 0
        || readingLookup.aheadFrom() != null
        || readingLookup.seldomLayers() != null) {
      throw new IllegalArgumentException(
          "ltri.inference.reading-lookup has pinned-share, every, lag, ahead-from or seldom-layers, which belong to decoding and not to reading: leave them out");
    }
    return readingLookup.settings("reading-lookup", retrievalHeads(), LookupSettings.DEFAULT);
  }

  /** The file that names retrieval heads, or null. */
  @Nullable HeadsFile heads() {
    return headsFile == null ? null : HeadsFile.read(headsFile);
  }

  private RetrievalHeadList retrievalHeads() {
    HeadsFile heads = heads();
    return heads == null ? RetrievalHeadList.NONE : heads.list();
  }

  private static <E extends Enum<E>> E constant(Class<E> type, String setting, String value) {
    for (E constant : type.getEnumConstants()) {
      if (spelt(constant).equals(value)) {
        return constant;
      }
    }
    StringBuilder names = new StringBuilder();
    for (E constant : type.getEnumConstants()) {
      names.append(names.isEmpty() ? "" : ", ").append(spelt(constant));
    }
    throw new IllegalArgumentException(
        "ltri.inference." + setting + " is '" + value + "' but must be one of: " + names);
  }

  private static String spelt(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
