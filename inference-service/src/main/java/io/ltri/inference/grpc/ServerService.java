package io.ltri.inference.grpc;

import io.grpc.stub.StreamObserver;
import io.ltri.edge.access.Scope;
import io.ltri.inference.access.Caller;
import io.ltri.inference.engine.LanguageModel;
import io.ltri.inference.retrieval.IndexException;
import io.ltri.inference.retrieval.SpanIndex;
import io.ltri.proto.inference.v1.GetServerRequest;
import io.ltri.proto.inference.v1.ServerGrpc;
import io.ltri.proto.inference.v1.ServerInfo;
import org.springframework.grpc.server.service.GrpcService;

/** What runs here. */
@GrpcService
class ServerService extends ServerGrpc.ServerImplBase {
  private final ServerFacts facts;
  private final LanguageModel model;
  private final SpanIndex index;

  ServerService(ServerFacts facts, LanguageModel model, SpanIndex index) {
    this.facts = facts;
    this.model = model;
    this.index = index;
  }

  @Override
  public void getServer(GetServerRequest request, StreamObserver<ServerInfo> response) {
    Caller caller = Caller.current();
    boolean admin = caller.may(Scope.ADMIN);
    ServerInfo.Builder info =
        ServerInfo.newBuilder()
            .setVersion(facts.version())
            .setProcessId(ProcessHandle.current().pid())
            .setDataFolder(admin ? facts.dataFolder() : "")
            .setModel(model.name())
            .setModelDigest(model.weightsDigest())
            .setTrainedLength(model.trainedLength())
            .setDevice(model.device())
            .setPrecision(model.precision())
            .setStepWeightBytes(model.stepWeightBytes())
            .setPolicy(facts.policy())
            .putAllReadingSettings(facts.readingSettings())
            .setIndexAddress(admin ? facts.indexAddress() : "");
    try {
      info.setDocuments(count(caller)).setIndexState("SERVING");
    } catch (IndexException e) {
      info.setIndexState(e.getMessage());
    }
    response.onNext(info.build());
    response.onCompleted();
  }

  private int count(Caller caller) {
    return (int) index.list().stream().filter(document -> caller.sees(document.tenant())).count();
  }
}
