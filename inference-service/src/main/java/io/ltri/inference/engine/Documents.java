package io.ltri.inference.engine;

import io.ltri.edge.access.Scope;
import io.ltri.inference.access.AccessException;
import io.ltri.inference.access.Caller;
import io.ltri.inference.attention.Memories;
import io.ltri.inference.attention.PolicyName;
import io.ltri.inference.attention.ReadingSettings;
import io.ltri.inference.retrieval.BlockCache;
import io.ltri.inference.retrieval.IndexAdministration;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.NewDocument;
import io.ltri.inference.retrieval.Seal;
import io.ltri.inference.retrieval.SpanIndex;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Documents: read once, then opened by any session. */
public final class Documents {
  private static final Logger log = LoggerFactory.getLogger(Documents.class);

  static final String TOKENS_SECTION = "tokens";

  /** UTF-8, as received; only where it is kept. Of a text that continues another, only its own. */
  static final String TEXT_SECTION = "kept-text";

  /**
   * How far a reading is.
   *
   * @param textBytes of the document that became tokens, of totalTextBytes
   */
  public record Progress(long tokens, long textBytes, long totalTextBytes) {}

  /** Is told after each chunk. */
  public interface ProgressListener {
    void read(Progress progress);

    /** Once, before anything is read; not for a text that is known. */
    default void began(String documentId) {}

    /** Everything is read; the index makes it durable. */
    default void sealing() {}
  }

  /**
   * @param read false: it was known, nothing was read
   * @param reusedTokens of its tokens, not read now: the document was known, or continues one, or
   *     an earlier reading was cut off
   */
  public record Created(IndexedDocument document, boolean read, long reusedTokens) {}

  /** Of one text, on one index node after another. */
  private static final int READINGS = 3;

  private final LanguageModel model;
  private final Memories memories;
  private final SpanIndex index;
  private final BlockCache cache;
  private final ComputeThread compute;
  private final ReadingSettings settings;
  private final Duration lookupDeadline;
  private final int checkpointTokens;
  private final int mostBoundaries;
  private final IndexAdministration administration;
  private final Supplier<Caller> callers;
  private final EngineMeters meters;
  private final Admission admission;
  private final Turns turns = new Turns();

  /**
   * @param settings of new documents; their policy can be chosen per document
   * @param lookupDeadline of a look-up while reading
   * @param checkpointTokens after about so many tokens a reading is made safe; 0: never
   * @param mostBoundaries so many checkpoints stay with a document, behind which others can go on
   * @param callers says who makes the request at hand; what that one does not see is not there
   */
  public Documents(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      IndexAdministration administration,
      BlockCache cache,
      ComputeThread compute,
      ReadingSettings settings,
      Duration lookupDeadline,
      int checkpointTokens,
      int mostBoundaries,
      Supplier<Caller> callers,
      EngineMeters meters) {
    this(
        model,
        memories,
        index,
        administration,
        cache,
        compute,
        settings,
        lookupDeadline,
        checkpointTokens,
        mostBoundaries,
        callers,
        meters,
        Admission.OPEN);
  }

  /**
   * The same, for so many readings at a time.
   *
   * @param settings of new documents; their policy can be chosen per document
   * @param lookupDeadline of a look-up while reading
   * @param checkpointTokens after about so many tokens a reading is made safe; 0: never
   * @param mostBoundaries so many checkpoints stay with a document, behind which others can go on
   * @param callers says who makes the request at hand; what that one does not see is not there
   */
  public Documents(
      LanguageModel model,
      Memories memories,
      SpanIndex index,
      IndexAdministration administration,
      BlockCache cache,
      ComputeThread compute,
      ReadingSettings settings,
      Duration lookupDeadline,
      int checkpointTokens,
      int mostBoundaries,
      Supplier<Caller> callers,
      EngineMeters meters,
      Admission admission) {
    this.model = model;
    this.memories = memories;
    this.index = index;
    this.cache = cache;
    this.compute = compute;
    this.settings = settings;
    this.lookupDeadline = lookupDeadline;
    this.administration = administration;
    this.checkpointTokens = checkpointTokens;
    this.mostBoundaries = mostBoundaries;
    this.callers = callers;
    this.meters = meters;
    this.admission = admission;
  }

  /**
   * Reads a text, unless it is known. A reading that was cut off goes on from its last checkpoint.
   * Of two that come at once with the same text, the second waits for the first.
   *
   * @param cancelled asked before each chunk
   */
  public Created create(NewText wanted, ProgressListener listener, BooleanSupplier cancelled) {
    requireOwn(wanted.tenant());
    requireMay(Scope.WRITER);
    IndexedDocument parent = wanted.continues() == null ? null : get(wanted.continues());
    requireReplicas(wanted, parent);
    ReadingSettings reading = parent == null ? settings(wanted.policy()) : settingsOf(parent);
    String system = parent == null ? wanted.system() : DocumentAttributes.of(parent).system();
    Reading work = new Reading(wanted, system, reading, identity(reading, system), parent);
    try (Turns.Turn turn = turns.take(work.buildKey(), cancelled)) {
      if (!wanted.fresh()) {
        KnownDocuments known = known(wanted.tenant());
        Optional<IndexedDocument> before =
            (wanted.replicas() == 0 ? known : known.ofReplicas(wanted.replicas()))
                .byBuildKey(work.buildKey());
        if (before.isPresent()) {
          return new Created(before.get(), false, DocumentAttributes.of(before.get()).tokens());
        }
      }
      BooleanSupplier goesOn =
          () -> {
            if (cancelled.getAsBoolean()) {
              throw new RequestException(
                  RequestException.Reason.CANCELLED, "the reading was cancelled");
            }
            return true;
          };
      try (Admission.Entry unused = admission.enter(wanted.tenant(), goesOn)) {
        return read(work, listener, cancelled);
      }
    }
  }

  /** What continues a document lies with it. */
  private static void requireReplicas(NewText wanted, @Nullable IndexedDocument parent) {
    int replicas = NewText.requireReplicas(wanted.replicas());
    if (parent != null && replicas > 0 && replicas != parent.replicas()) {
      throw new RequestException(
          RequestException.Reason.BAD_INPUT,
          "document %s has %s, and a text that continues it lies beside it: leave out replicas, or read the whole as a new document"
              .formatted(
                  parent.id(),
                  parent.replicas() == 0
                      ? "no number of replicas of its own"
                      : parent.replicas() + " replicas"));
    }
  }

  /**
   * What is to be read, and how.
   *
   * @param parent the document that it continues, or null
   */
  private record Reading(
      NewText wanted,
      String system,
      ReadingSettings settings,
      Identity identity,
      @Nullable IndexedDocument parent) {

    private String parentDigest() {
      return parent == null ? "" : DocumentAttributes.of(parent).digest();
    }

    /** Equal for work that gives equal documents. */
    String buildKey() {
      return identity.digest(
          "tenant=" + wanted.tenant(),
          "continues=" + parentDigest(),
          "text=" + wanted.text().sha256(),
          "text-kept=" + wanted.keepText() + pages());
    }

    private String pages() {
      return wanted.pageStarts().length == 0
          ? ""
          : ", pages=" + Arrays.toString(wanted.pageStarts());
    }

    DocumentAttributes attributes(TokenBuffer ids, String readWith) {
      DocumentAttributes before = parent == null ? null : DocumentAttributes.of(parent);
      String tokens = ids.sha256();
      return new DocumentAttributes(
          DocumentAttributes.DOCUMENT,
          wanted.title(),
          system,
          ids.size(),
          wanted.text().sizeBytes() + (before == null ? 0 : before.textBytes()),
          before == null ? wanted.text().sha256() : "",
          tokens,
          identity.digest("continues=" + parentDigest(), "tokens=" + tokens),
          buildKey(),
          readWith,
          wanted.keepText(),
          identity.fields());
    }
  }

  /** A reading that loses its index node goes on at another, from the last checkpoint or anew. */
  private Created read(Reading work, ProgressListener listener, BooleanSupplier cancelled) {
    for (int attempt = 1; ; attempt++) {
      try {
        return readOnce(work, listener, cancelled);
      } catch (IndexException e) {
        boolean away =
            e.reason() == IndexException.Reason.UNAVAILABLE
                || e.reason() == IndexException.Reason.TOO_LATE;
        if (!away || !index.hasOtherNodes() || attempt == READINGS || cancelled.getAsBoolean()) {
          throw e;
        }
        log.warn("a reading has lost its index node ({}) and goes on at another", e.getMessage());
      }
    }
  }

  private Created readOnce(Reading work, ProgressListener listener, BooleanSupplier cancelled) {
    long start = System.nanoTime();
    Begun begun = begin(work, beginning(work));
    IndexedDocument building = begun.building();
    listener.began(building.id());
    TextReading reading =
        new TextReading(
            model,
            memories,
            index,
            compute,
            lookupDeadline,
            checkpointTokens,
            mostBoundaries,
            work.settings(),
            building,
            work.wanted().tenant());
    boolean sealed = false;
    try {
      long reused = reading.open(work.parent(), begun.beginning());
      Map<String, MemorySegment> tail =
          reading.read(
              work.wanted().text(),
              work.parent() == null ? model.documentPrefix(work.system()) : new int[0],
              listener,
              cancelled);
      if (work.wanted().keepText()) {
        tail.put(TEXT_SECTION, work.wanted().text().bytes());
      }
      Map<String, String> attributes = work.attributes(reading.ids(), model.readWith()).toMap();
      attributes.putAll(DocumentAttributes.ofBoundaries(reading.ids(), reading.boundaries()));
      if (work.wanted().pageStarts().length > 0) {
        PageStarts pages = pages(work, reading.ids());
        tail.put(PageStarts.SECTION, pages.section());
        attributes.put(DocumentAttributes.PAGES, Integer.toString(pages.tokens().length));
      }
      listener.sealing();
      Seal seal =
          new Seal(
              attributes,
              Duration.ofNanos(System.nanoTime() - start),
              false,
              work.wanted().expireAfter(),
              work.wanted().extendWithUse());
      IndexedDocument document = index.seal(building.id(), seal, tail);
      sealed = true;
      meters.read(reading.ids().size() - reused, System.nanoTime() - start);
      return new Created(document, true, reused);
    } finally {
      reading.close();
      if (!sealed) {
        cache.forget(building.id());
        if (!reading.checkpointed() || work.wanted().fresh()) {
          discard(building.id());
        }
      }
    }
  }

  /**
   * A document that is being built.
   *
   * @param beginning of another document, behind which it goes on, or null
   */
  private record Begun(IndexedDocument building, @Nullable IndexedDocument beginning) {}

  private Begun begin(Reading work, @Nullable IndexedDocument beginning) {
    // What is read once more goes on from no earlier reading, and an earlier reading goes on only
    // from where it began.
    String key =
        work.buildKey()
            + (work.wanted().fresh() ? "/" + UUID.randomUUID() : "")
            + (beginning == null ? "" : "/" + beginning.id());
    IndexedDocument under = work.parent() == null ? beginning : work.parent();
    try {
      return new Begun(
          index.create(
              new NewDocument(
                  memories.layout(work.settings()),
                  Map.of("title", work.wanted().title()),
                  false,
                  work.wanted().tenant(),
                  key,
                  work.wanted().replicas(),
                  under == null ? null : under.id())),
          beginning);
    } catch (IndexException e) {
      if (beginning == null || e.reason() != IndexException.Reason.NOT_FOUND) {
        throw e;
      }
      // It was deleted in the meantime.
      return begin(work, null);
    }
  }

  /**
   * The beginning of a known document with which the text begins, up to the last boundary that both
   * have; null if there is none. What goes on from there is, to the last bit, what reading the
   * whole text gives.
   */
  private @Nullable IndexedDocument beginning(Reading work) {
    if (work.wanted().fresh() || work.parent() != null) {
      return null;
    }
    try (java.io.Reader text =
        Files.newBufferedReader(work.wanted().text().file(), StandardCharsets.UTF_8)) {
      ChunkReader chunks =
          new ChunkReader(
              model.documentPrefix(work.system()),
              model.tokenizer().stream(text),
              work.settings().chunkTokens());
      // What goes on from it lies beside it, so it is to ask for as many replicas.
      return known(work.wanted().tenant())
          .ofReplicas(work.wanted().replicas())
          .beginningOf(chunks, work.identity())
          .map(KnownDocuments.Prefix::document)
          .orElse(null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of the whole document, with those of the one that it continues. */
  private PageStarts pages(Reading work, TokenBuffer ids) {
    IndexedDocument parent = work.parent();
    if (parent == null) {
      return PageStarts.of(
          model.tokenizer(),
          ids.toArray(),
          model.documentPrefix(work.system()).length,
          work.wanted().pageStarts());
    }
    DocumentAttributes before = DocumentAttributes.of(parent);
    PageStarts own =
        PageStarts.of(
            model.tokenizer(),
            ids.toArray(),
            Math.toIntExact(before.tokens()),
            work.wanted().pageStarts());
    return pageStarts(parent).and(own, before.textBytes());
  }

  private PageStarts pageStarts(IndexedDocument document) {
    if (DocumentAttributes.pages(document) == 0) {
      return PageStarts.NONE;
    }
    MemorySegment section =
        index.readTail(document.id(), List.of(PageStarts.SECTION)).get(PageStarts.SECTION);
    return section == null ? PageStarts.NONE : PageStarts.ofSection(section);
  }

  /** Where the pages of a document begin; {@link Pages#NONE} if that is not known. */
  public Pages pages(IndexedDocument document) {
    return new Pages(pageStarts(document).tokens());
  }

  /** The token ids of a document, with those of the document that it continues. */
  public int[] tokens(IndexedDocument document) {
    return TokenBuffer.ofTail(index.readTail(document.id(), List.of(TOKENS_SECTION))).toArray();
  }

  /**
   * The kept text of a document, with that of the document that it continues; UTF-8.
   *
   * @throws RequestException if it was not kept
   */
  public List<MemorySegment> keptText(IndexedDocument document) {
    List<MemorySegment> parts = new ArrayList<>();
    for (String version : document.ancestors()) {
      if (IndexedDocument.tokensOf(version) > 0) {
        // What goes on behind a boundary keeps all of its own text.
        parts.clear();
      } else {
        parts.add(keptText(version));
      }
    }
    parts.add(keptText(document.id()));
    return parts;
  }

  private void discard(String id) {
    try {
      long unused = index.delete(id);
    } catch (IndexException e) {
      log.warn(
          "the unfinished document {} could not be discarded ({}); the index drops it at its next start",
          id,
          e.getMessage());
    }
  }

  /**
   * Reads the kept text of a document again, under the running model and settings, whatever it was
   * read with; the old document is deleted when the new one is complete.
   *
   * @throws RequestException if the text was not kept
   */
  public Created rebuild(
      String id, ReceivedTexts texts, ProgressListener listener, BooleanSupplier cancelled) {
    IndexedDocument old = get(id);
    DocumentAttributes attributes = DocumentAttributes.of(old);
    try (ReceivedText text = texts.begin()) {
      for (MemorySegment part : keptText(old)) {
        text.write(part.asByteBuffer());
      }
      text.end();
      NewText again =
          new NewText(
              text,
              pageStarts(old).bytes(),
              attributes.title(),
              attributes.system(),
              PolicyName.of(attributes.identity().getOrDefault("policy", "ltri")),
              true,
              null,
              true,
              old.tenant(),
              Duration.ofMillis(
                  old.life().extendByMillis() > 0 || old.life().expiresAtMillis() == 0
                      ? old.life().extendByMillis()
                      : Math.max(1, old.life().expiresAtMillis() - System.currentTimeMillis())),
              old.life().extendByMillis() > 0,
              old.replicas());
      Created created = create(again, listener, cancelled);
      IndexedDocument labelled =
          old.life().labels().isEmpty() && !old.life().pinned()
              ? created.document()
              : administration.update(
                  created.document().id(),
                  new IndexAdministration.Change(
                      null, null, old.life().pinned(), old.life().labels(), Set.of()));
      cache.forget(id);
      long unused = administration.deleteReplaced(id);
      return new Created(labelled, true, created.reusedTokens());
    }
  }

  private MemorySegment keptText(String id) {
    try {
      MemorySegment text = index.readTail(id, List.of(TEXT_SECTION)).get(TEXT_SECTION);
      if (text != null) {
        return text;
      }
    } catch (IndexException e) {
      // The index says that there is no such section; of hidden documents nothing else is known.
      if (!String.valueOf(e.getMessage()).contains("no tail section")) {
        throw e;
      }
    }
    throw new RequestException(
        RequestException.Reason.INCOMPATIBLE,
        "the text of document " + id + " was not kept: read it from its file again");
  }

  /** Newest first; kept conversations are left out. */
  public List<IndexedDocument> list() {
    Caller caller = callers.get();
    return index.list().stream()
        .filter(document -> caller.sees(document.tenant()))
        .filter(
            document -> DocumentAttributes.of(document).kind().equals(DocumentAttributes.DOCUMENT))
        .toList();
  }

  /**
   * @throws RequestException if there is none that the caller sees
   */
  public IndexedDocument get(String id) {
    Caller caller = callers.get();
    try {
      IndexedDocument document = index.get(id);
      if (document.sealed() && caller.sees(document.tenant())) {
        return document;
      }
    } catch (IndexException e) {
      // Whose a document is that cannot be read is not known: nobody's but the operator's.
      if (e.reason() != IndexException.Reason.NOT_FOUND
          && (caller.tenant() == null || isOfTheIndex(e.reason()))) {
        throw e;
      }
    }
    throw unknown(id);
  }

  /** Whether a failure is the same for every document. */
  private static boolean isOfTheIndex(IndexException.Reason reason) {
    return reason == IndexException.Reason.UNAVAILABLE || reason == IndexException.Reason.TOO_LATE;
  }

  /**
   * Nothing is read or kept for another tenant than the caller's.
   *
   * @throws AccessException if it would be
   */
  void requireOwn(String tenant) {
    if (!callers.get().sees(tenant)) {
      throw new AccessException(
          AccessException.Reason.NOT_ALLOWED, "a request can work for the caller's tenant only");
    }
  }

  /**
   * @throws AccessException if the caller may not
   */
  void requireMay(Scope scope) {
    if (!callers.get().may(scope)) {
      throw new AccessException(
          AccessException.Reason.NOT_ALLOWED,
          "the token has not the scope '"
              + scope
              + "', which is needed to keep or read documents in");
    }
  }

  /**
   * @return bytes freed
   */
  public long delete(String id) {
    IndexedDocument document = get(id);
    cache.forget(document.id());
    return index.delete(document.id());
  }

  /** What is said of documents that are not there, and of those that the caller does not see. */
  public static RequestException unknown(String id) {
    return new RequestException(
        RequestException.Reason.NOT_FOUND,
        "there is no document '" + id + "': list the documents for the handles of those there are");
  }

  /** Also kept conversations, and documents that are damaged beyond use. */
  public List<IndexedDocument> listAll() {
    Caller caller = callers.get();
    return administration.listAll().stream()
        .filter(document -> caller.sees(document.tenant()))
        .filter(document -> document.sealed() || caller.tenant() == null)
        .toList();
  }

  public IndexedDocument update(String id, DocumentChange change) {
    IndexedDocument document = get(id);
    Map<String, String> labels = new TreeMap<>();
    Set<String> removed = new TreeSet<>();
    if (change.title() != null) {
      labels.put(DocumentAttributes.TITLE, change.title());
    }
    change.addTags().forEach(tag -> labels.put(DocumentAttributes.TAG_PREFIX + tag, ""));
    change.removeTags().forEach(tag -> removed.add(DocumentAttributes.TAG_PREFIX + tag));
    Duration expireAfter = change.expireAfter();
    Boolean extend = change.extendWithUse();
    if (change.promote()) {
      labels.put(DocumentAttributes.KIND, DocumentAttributes.DOCUMENT);
      if (expireAfter == null) {
        expireAfter = Duration.ZERO;
        extend = false;
      }
    }
    if (Boolean.TRUE.equals(extend) && expireAfter == null) {
      long left = document.life().expiresAtMillis() - System.currentTimeMillis();
      if (left <= 0) {
        throw new RequestException(
            RequestException.Reason.BAD_INPUT,
            "document " + id + " has no end that its use could put off: say when it ends");
      }
      expireAfter = Duration.ofMillis(left);
    }
    Duration extendBy =
        extend == null ? null : extend && expireAfter != null ? expireAfter : Duration.ZERO;
    return administration.update(
        id,
        new IndexAdministration.Change(expireAfter, extendBy, change.pinned(), labels, removed));
  }

  /**
   * Reads all bytes of a document.
   *
   * @return what is wrong with it
   */
  public List<String> verify(String id, IndexAdministration.VerifyListener listener) {
    // An operator may verify what cannot be opened any more.
    String known = callers.get().tenant() == null ? id : get(id).id();
    return administration.verify(known, listener);
  }

  /**
   * @return bytes that are in memory now
   */
  public long prewarm(String id, boolean blocks) {
    return administration.prewarm(get(id).id(), blocks);
  }

  public void export(String id, OutputStream to) {
    administration.export(get(id).id(), to);
  }

  public IndexedDocument importFrom(ReceivedFile file, String tenant) {
    requireOwn(tenant);
    try (InputStream from = file.read()) {
      return administration.importFrom(from, tenant);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public IndexAdministration.Garbage collectGarbage() {
    return administration.collectGarbage();
  }

  public List<IndexAdministration.Deleted> deleted(int most) {
    Caller caller = callers.get();
    if (caller.tenant() == null) {
      return administration.deleted(most);
    }
    return administration.deleted(0).stream()
        .filter(deleted -> caller.sees(deleted.tenant()))
        .limit(most == 0 ? Long.MAX_VALUE : most)
        .toList();
  }

  /**
   * The settings under which a document was read.
   *
   * @throws RequestException if the running model or settings are others, naming the first field
   *     that differs
   */
  ReadingSettings settingsOf(IndexedDocument document) {
    DocumentAttributes attributes = DocumentAttributes.of(document);
    ReadingSettings reading =
        settings(PolicyName.of(attributes.identity().getOrDefault("policy", "ltri")));
    Map<String, String> running = identity(reading, attributes.system()).fields();
    Map<String, String> all = new TreeMap<>(running);
    all.putAll(attributes.identity());
    for (String field : all.keySet()) {
      String then = attributes.identity().getOrDefault(field, "absent");
      String now = running.getOrDefault(field, "absent");
      if (!then.equals(now)) {
        throw new RequestException(
            RequestException.Reason.INCOMPATIBLE,
            field
                + " differs (the document was read with "
                + then
                + ", the server runs "
                + now
                + "): read the document again, or start the server with the other one");
      }
    }
    return reading;
  }

  /** The documents of a tenant with which a prompt may begin. */
  KnownDocuments known(String tenant) {
    requireOwn(tenant);
    return KnownDocuments.of(index, tenant);
  }

  ReadingSettings settings(@Nullable PolicyName policy) {
    return policy == null ? settings : settings.with(policy);
  }

  Identity identity(ReadingSettings reading, String system) {
    Map<String, String> fields = new TreeMap<>(reading.identity());
    fields.putAll(model.identity(system));
    return Identity.of(fields);
  }
}
