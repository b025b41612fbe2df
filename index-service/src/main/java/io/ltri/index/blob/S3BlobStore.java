package io.ltri.index.blob;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket of S3 or of a store that speaks its protocol, conditional puts included. Versions are
 * ETags. Credentials come from where the SDK looks for them: environment, profile, container,
 * instance. The SDK tries again what failed for a moment. Every put carries its MD5, which all such
 * stores compare, unlike the checksums that S3 has had since.
 */
public final class S3BlobStore implements BlobStore {

  /** Larger files go in parts of so many bytes; S3 takes 10,000 of them. */
  private static final long PART = 64L << 20;

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration SILENCE = Duration.ofSeconds(30);
  private static final int CONNECTIONS = 50;
  private static final int CONFLICTS = 5;
  private static final int NOT_MODIFIED_AS_ASKED = 412;
  private static final int CONFLICT = 409;

  private final S3Place place;
  private final long partBytes;
  private final S3Client client;

  S3BlobStore(S3Place place) {
    this(place, PART);
  }

  S3BlobStore(S3Place place, long partBytes) {
    this.place = place;
    this.partBytes = partBytes;
    S3ClientBuilder builder =
        S3Client.builder()
            .forcePathStyle(place.pathStyle())
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .serviceConfiguration(configuration -> configuration.chunkedEncodingEnabled(false))
            .overrideConfiguration(configuration -> configuration.retryStrategy(RetryMode.STANDARD))
            .httpClientBuilder(
                ApacheHttpClient.builder()
                    .connectionTimeout(CONNECT)
                    .socketTimeout(SILENCE)
                    .maxConnections(CONNECTIONS));
    String region = place.region();
    if (place.endpoint() != null) {
      builder.endpointOverride(URI.create(place.endpoint()));
      // A store of one's own has no regions, but a signature names one.
      region = region == null ? Region.US_EAST_1.id() : region;
    }
    if (region != null) {
      builder.region(Region.of(region));
    }
    this.client = builder.build();
  }

  @Override
  public String place() {
    String where = place.endpoint() == null ? "" : " at " + place.endpoint();
    return "s3://" + place.bucket() + "/" + place.prefix() + where;
  }

  private String name(String key) {
    return place.prefix() + Keys.key(key);
  }

  // -- puts
  // ------------------------------------------------------------------------------------------------------

  @Override
  public void put(String key, Path file, String sha256) {
    long bytes;
    List<String> digests;
    try {
      digests = Digests.requireAndDigest(key, file, sha256, partBytes);
      bytes = Files.size(file);
    } catch (NoSuchFileException e) {
      throw new BlobException(BlobException.Reason.NOT_FOUND, "there is no file " + file, e);
    } catch (IOException e) {
      throw new BlobException(BlobException.Reason.DAMAGED, file + " can not be read: " + e, e);
    }
    if (bytes > partBytes) {
      putParts(name(key), file, bytes, digests);
    } else {
      attempt(
          "put",
          key,
          () ->
              client.putObject(
                  put -> put.bucket(place.bucket()).key(name(key)).contentMD5(digests.getFirst()),
                  RequestBody.fromFile(file)));
    }
  }

  private void putParts(String name, Path file, long bytes, List<String> digests) {
    String upload =
        attempt(
            "begin to put",
            name,
            () ->
                client
                    .createMultipartUpload(begin -> begin.bucket(place.bucket()).key(name))
                    .uploadId());
    boolean complete = false;
    try {
      List<CompletedPart> parts = new ArrayList<>();
      for (long at = 0; at < bytes; at += partBytes) {
        ContentStreamProvider part = part(file, at, Math.min(partBytes, bytes - at));
        parts.add(
            putPart(name, upload, part, Math.min(partBytes, bytes - at), parts.size(), digests));
      }
      attempt(
          "finish to put",
          name,
          () ->
              client.completeMultipartUpload(
                  end ->
                      end.bucket(place.bucket())
                          .key(name)
                          .uploadId(upload)
                          .multipartUpload(all -> all.parts(parts))));
      complete = true;
    } finally {
      if (!complete) {
        abort(name, upload);
      }
    }
  }

  private CompletedPart putPart(
      String name,
      String upload,
      ContentStreamProvider part,
      long bytes,
      int before,
      List<String> digests) {
    int number = before + 1;
    String tag =
        attempt(
            "put a part of",
            name,
            () ->
                client
                    .uploadPart(
                        put ->
                            put.bucket(place.bucket())
                                .key(name)
                                .uploadId(upload)
                                .partNumber(number)
                                .contentMD5(digests.get(before)),
                        RequestBody.fromContentProvider(part, bytes, "application/octet-stream"))
                    .eTag());
    return CompletedPart.builder().partNumber(number).eTag(tag).build();
  }

  /** It is opened anew for every attempt of the SDK. */
  private static ContentStreamProvider part(Path file, long from, long bytes) {
    return () -> {
      try {
        return new FilePart(file, from, bytes);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    };
  }

  /** What is left of an upload costs room until the bucket's own rules remove it. */
  private void abort(String name, String upload) {
    try {
      client.abortMultipartUpload(end -> end.bucket(place.bucket()).key(name).uploadId(upload));
    } catch (SdkException e) {
      return;
    }
  }

  @Override
  public boolean putIfAbsent(String key, byte[] bytes) {
    return conditional("put", key, bytes, put -> put.ifNoneMatch("*"));
  }

  @Override
  public boolean replace(String key, byte[] bytes, String version) {
    return conditional("replace", key, bytes, put -> put.ifMatch(version));
  }

  private boolean conditional(
      String what, String key, byte[] bytes, Consumer<PutObjectRequest.Builder> condition) {
    PutObjectRequest.Builder put =
        PutObjectRequest.builder()
            .bucket(place.bucket())
            .key(name(key))
            .contentMD5(Digests.contentMd5(bytes));
    condition.accept(put);
    PutObjectRequest request = put.build();
    for (int attempt = 1; ; attempt++) {
      try {
        client.putObject(request, RequestBody.fromBytes(bytes));
        return true;
      } catch (S3Exception e) {
        if (e.statusCode() == NOT_MODIFIED_AS_ASKED || e.statusCode() == 404) {
          return false;
        }
        // Somebody else's put to the same key is under way: who has won is known at the next
        // attempt.
        if (e.statusCode() != CONFLICT || attempt == CONFLICTS) {
          throw failure(what, key, e);
        }
      } catch (SdkException e) {
        throw failure(what, key, e);
      }
    }
  }

  // -- reads
  // -----------------------------------------------------------------------------------------------------

  @Override
  public @Nullable Blob read(String key) {
    try {
      ResponseBytes<GetObjectResponse> object =
          client.getObjectAsBytes(get -> get.bucket(place.bucket()).key(name(key)));
      return new Blob(object.asByteArrayUnsafe(), object.response().eTag());
    } catch (S3Exception e) {
      if (e.statusCode() == 404 && !isBucketMissing(e)) {
        return null;
      }
      throw failure("read", key, e);
    } catch (SdkException e) {
      throw failure("read", key, e);
    }
  }

  private static boolean isBucketMissing(S3Exception e) {
    return e.awsErrorDetails() != null && "NoSuchBucket".equals(e.awsErrorDetails().errorCode());
  }

  @Override
  public InputStream open(String key, long from) {
    return attempt(
        "open",
        key,
        () ->
            client.getObject(
                get -> {
                  get.bucket(place.bucket()).key(name(key));
                  if (from > 0) {
                    get.range("bytes=" + from + "-");
                  }
                }));
  }

  @Override
  public List<ListedBlob> list(String folder) {
    String prefix = place.prefix() + Keys.folder(folder);
    return attempt(
        "list",
        folder,
        () -> {
          List<ListedBlob> found = new ArrayList<>();
          for (S3Object object :
              client
                  .listObjectsV2Paginator(list -> list.bucket(place.bucket()).prefix(prefix))
                  .contents()) {
            found.add(
                new ListedBlob(
                    object.key().substring(place.prefix().length()), object.size(), object.eTag()));
          }
          return found;
        });
  }

  @Override
  public void delete(String key) {
    attempt(
        "delete",
        key,
        () -> client.deleteObject(delete -> delete.bucket(place.bucket()).key(name(key))));
  }

  @Override
  public void close() {
    client.close();
  }

  // -- failures
  // --------------------------------------------------------------------------------------------------

  private <T> T attempt(String what, String key, Supplier<T> work) {
    try {
      return work.get();
    } catch (SdkException | java.io.UncheckedIOException e) {
      throw failure(what, key, e);
    }
  }

  private BlobException failure(String what, String key, RuntimeException e) {
    return new BlobException(
        reason(e),
        "the blob store %s could not %s %s: %s".formatted(place(), what, key, e.getMessage()),
        e);
  }

  private static BlobException.Reason reason(RuntimeException e) {
    return switch (e instanceof S3Exception answered ? answered.statusCode() : 0) {
      case 401, 403 -> BlobException.Reason.DENIED;
      case 404 -> BlobException.Reason.NOT_FOUND;
      default -> BlobException.Reason.UNAVAILABLE;
    };
  }
}
