package io.ltri.inference.engine;

import io.ltri.inference.retrieval.IndexedDocument;
import io.ltri.inference.retrieval.SpanIndex;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The documents of one tenant, as the index lists them now, that can stand for a beginning which
 * would otherwise be read again.
 */
final class KnownDocuments {

  /**
   * A document that would be read before a prompt, or the beginning of one, and how many tokens of
   * it.
   */
  record Prefix(IndexedDocument document, long tokens) {}

  private record Known(IndexedDocument document, DocumentAttributes attributes) {

    Prefix whole() {
      return new Prefix(document, attributes.tokens());
    }

    boolean isReadUnder(Identity identity) {
      return withoutTemplate(attributes.identity()).equals(withoutTemplate(identity.fields()));
    }

    SortedMap<Long, String> boundaries() {
      return document.life().faults().isEmpty()
          ? DocumentAttributes.boundaries(document)
          : Collections.emptySortedMap();
    }
  }

  /** Where a known document ends, or where it has a boundary. */
  private record End(Known known, long tokens, String sha256, boolean whole) {

    Prefix prefix() {
      return whole
          ? known.whole()
          : new Prefix(DocumentAttributes.beginning(known.document(), tokens, sha256), tokens);
    }
  }

  private final List<Known> all;

  private KnownDocuments(List<Known> all) {
    this.all = all;
  }

  /** Asks the index once. */
  static KnownDocuments of(SpanIndex index, String tenant) {
    return new KnownDocuments(
        index.list().stream()
            .filter(document -> document.tenant().equals(tenant))
            .map(document -> new Known(document, DocumentAttributes.of(document)))
            .toList());
  }

  /** Those that ask for so many replicas; 0: for none in particular. */
  KnownDocuments ofReplicas(int replicas) {
    return new KnownDocuments(
        all.stream().filter(known -> known.document().replicas() == replicas).toList());
  }

  /** What this work has given before. */
  Optional<IndexedDocument> byBuildKey(String buildKey) {
    return all.stream()
        .filter(known -> known.attributes().buildKey().equals(buildKey))
        .map(Known::document)
        .filter(document -> document.life().faults().isEmpty())
        .findFirst();
  }

  /**
   * The longest document with whose text this one begins.
   *
   * @param identity under which the text would be read
   */
  Optional<Prefix> byText(String text, Identity identity) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return all.stream()
        .filter(known -> known.attributes().identity().equals(identity.fields()))
        .filter(known -> !known.attributes().textSha256().isEmpty())
        .filter(known -> known.attributes().textBytes() <= bytes.length)
        .sorted(Comparator.comparingLong((Known known) -> -known.attributes().textBytes()))
        .filter(
            known -> {
              MessageDigest sha = Identity.sha256();
              sha.update(bytes, 0, Math.toIntExact(known.attributes().textBytes()));
              return HexFormat.of().formatHex(sha.digest()).equals(known.attributes().textSha256());
            })
        .map(Known::whole)
        .findFirst();
  }

  /**
   * The longest document with whose tokens these begin; at least one token is left. The tokens are
   * hashed once, and the hash is looked at where a document ends.
   *
   * @param identity under which the tokens would be read; its field for the template's beginning is
   *     not looked at: the tokens hold it
   */
  Optional<Prefix> byTokens(int[] tokens, Identity identity) {
    return longest(tokens, ends(identity).toList());
  }

  /** The same, or the beginning of a document up to a boundary, if that is longer. */
  Optional<Prefix> beginningByTokens(int[] tokens, Identity identity) {
    // Of two at the same place the first counts.
    return longest(tokens, Stream.concat(ends(identity), boundaries(identity)).toList());
  }

  private Stream<End> ends(Identity identity) {
    return all.stream()
        .filter(known -> known.isReadUnder(identity))
        .map(
            known ->
                new End(
                    known, known.attributes().tokens(), known.attributes().tokensSha256(), true));
  }

  private Stream<End> boundaries(Identity identity) {
    return all.stream()
        .filter(known -> known.isReadUnder(identity))
        .flatMap(
            known ->
                known.boundaries().entrySet().stream()
                    .map(
                        boundary -> new End(known, boundary.getKey(), boundary.getValue(), false)));
  }

  private static Optional<Prefix> longest(int[] tokens, List<End> ends) {
    Map<Long, Map<String, End>> byLength = new HashMap<>();
    for (End end : ends) {
      if (end.tokens() < tokens.length) {
        byLength
            .computeIfAbsent(end.tokens(), length -> new HashMap<>())
            .putIfAbsent(end.sha256(), end);
      }
    }
    List<Integer> lengths =
        new TreeSet<>(byLength.keySet()).stream().map(Math::toIntExact).toList();
    List<String> digests = TokenBuffer.prefixDigests(tokens, lengths);
    for (int i = lengths.size() - 1; i >= 0; i--) {
      End end = byLength.getOrDefault((long) lengths.get(i), Map.of()).get(digests.get(i));
      if (end != null) {
        return Optional.of(end.prefix());
      }
    }
    return Optional.empty();
  }

  /**
   * The longest beginning of a known document, up to a boundary, with which a text begins. Chunks
   * are asked for only as long as one may still be longer.
   *
   * @param chunks of the text's tokens; boundaries lie between those
   * @param identity as for {@link #byTokens}
   */
  Optional<Prefix> beginningOf(ChunkReader chunks, Identity identity) throws IOException {
    List<End> open = new ArrayList<>(boundaries(identity).toList());
    MessageDigest sha = Identity.sha256();
    End longest = null;
    long read = 0;
    while (!open.isEmpty()) {
      int[] chunk = chunks.next();
      if (chunk.length == 0) {
        break;
      }
      TokenBuffer.update(sha, chunk);
      read += chunk.length;
      String digest = "";
      Set<Known> others = new HashSet<>();
      for (End end : open) {
        if (end.tokens() == read) {
          digest = digest.isEmpty() ? TokenBuffer.digestSoFar(sha) : digest;
          if (!end.sha256().equals(digest)) {
            others.add(end.known());
          } else if (longest == null || longest.tokens() < read) {
            longest = end;
          }
        }
      }
      long passed = read;
      open.removeIf(end -> end.tokens() <= passed || others.contains(end.known()));
    }
    return Optional.ofNullable(longest).map(End::prefix);
  }

  private static Map<String, String> withoutTemplate(Map<String, String> fields) {
    Map<String, String> rest = new TreeMap<>(fields);
    rest.remove(LanguageModel.TEMPLATE_FIELD);
    return rest;
  }
}
