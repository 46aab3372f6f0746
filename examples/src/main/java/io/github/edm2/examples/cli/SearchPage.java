package io.github.edm2.examples.cli;

import io.github.edm2.search.SignificantDigits;
import io.github.edm2.search.Trial;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.deeplearning4j.arbiter.BaseNetworkSpace;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.data.DataProvider;
import org.deeplearning4j.arbiter.optimize.api.saving.ResultSaver;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.optimize.api.termination.TerminationCondition;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.optimize.runner.CandidateStatus;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener;
import org.deeplearning4j.arbiter.ui.data.GlobalConfigPersistable;
import org.deeplearning4j.arbiter.ui.data.ModelInfoPersistable;
import org.deeplearning4j.config.DL4JSystemProperties;
import org.deeplearning4j.core.storage.StatsStorage;
import org.deeplearning4j.ui.VertxUIServer;
import org.deeplearning4j.ui.api.UIServer;
import org.deeplearning4j.ui.model.storage.InMemoryStatsStorage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Arbiter's web page of a running search, on DL4J's UI server. Arbiter's own listener does not feed
 * it: that one counts too late and needs a configuration that survives JSON. Whatever fails here is
 * logged once and leaves the search alone.
 */
final class SearchPage implements StatusListener, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SearchPage.class);

    private static final String SESSION = "search";
    private static final int SCORE_DIGITS = 5;

    private final UIServer server;
    private final StatsStorage storage = new InMemoryStatsStorage();
    private final OptimizationConfiguration shown;
    private final Map<Integer, CandidateStatus> statuses = new HashMap<>();
    private boolean hasFailed;

    private SearchPage(UIServer server, OptimizationConfiguration shown) {
        this.server = server;
        this.shown = shown;
        server.attach(storage);
    }

    /**
     * Starts the server.
     *
     * @param config what is searched
     * @param study where results are kept
     * @throws CommandException if it does not start, for instance because the port is in use
     */
    static SearchPage start(SearchConfig config, Path study) {
        OptimizationConfiguration shown = shown(config, study);
        try {
            return new SearchPage(UIServer.getInstance(), shown);
        } catch (RuntimeException e) {
            stopServer();
            String property = DL4JSystemProperties.UI_SERVER_PORT_PROPERTY;
            throw new CommandException(
                    "The page of the search cannot be served on port %s (%s); leave out --ui, or choose another port by EDM2_JAVA_OPTIONS=-D%s=N"
                            .formatted(
                                    System.getProperty(
                                            property,
                                            String.valueOf(VertxUIServer.DEFAULT_UI_PORT)),
                                    ExceptionUtils.getRootCause(e).getMessage(),
                                    property),
                    e);
        }
    }

    /** Address of the page on this machine. */
    String address() {
        return server.getAddress() + "/arbiter";
    }

    @Override
    public void onInitialization(IOptimizationRunner runner) {
        show(
                () -> {
                    shown.setExecutionStartTime(runner.getConfiguration().getExecutionStartTime());
                    showCounts();
                });
    }

    @Override
    public void onCandidateStatusChange(
            CandidateInfo info, IOptimizationRunner runner, OptimizationResult result) {
        // Arbiter's thread says "created", perhaps after the task's thread has said "running".
        if (info.getCandidateStatus() != CandidateStatus.Created) {
            show(
                    () -> {
                        statuses.put(info.getIndex(), info.getCandidateStatus());
                        showCounts();
                        showCandidate(info, result);
                    });
        }
    }

    private synchronized void show(Runnable change) {
        try {
            change.run();
        } catch (RuntimeException | LinkageError e) {
            if (!hasFailed) {
                hasFailed = true;
                LOG.warn("The page of the search is not up to date ({})", e.toString());
                LOG.debug("The page of the search is not up to date", e);
            }
        }
    }

    private void showCounts() {
        Collection<CandidateStatus> all = statuses.values();
        storage.putStaticInfo(
                new Overview(
                        shown,
                        new GlobalConfigPersistable.Builder()
                                .sessionId(SESSION)
                                .timestamp(System.currentTimeMillis())
                                .candidateCounts(
                                        Collections.frequency(all, CandidateStatus.Running),
                                        Collections.frequency(all, CandidateStatus.Complete),
                                        Collections.frequency(all, CandidateStatus.Failed),
                                        all.size())
                                .optimizationRunner("PostHocEmaSearch")));
    }

    private void showCandidate(CandidateInfo info, OptimizationResult result) {
        // To the page the timestamp is when a score was found, the update's distance from it the
        // runtime.
        long now = System.currentTimeMillis();
        ModelInfoPersistable.Builder candidate =
                new ModelInfoPersistable.Builder()
                        .sessionId(SESSION)
                        .workerId(String.valueOf(info.getIndex()))
                        .modelIdx(info.getIndex())
                        .status(info.getCandidateStatus())
                        .score(rounded(info.getScore()))
                        .timestamp(now)
                        .lastUpdateTime(now + now - info.getCreatedTime())
                        .exceptionStackTrace(info.getExceptionStackTrace());
        if (result != null) {
            Trial trial = (Trial) result.getCandidate().getValue();
            candidate.modelConfigJson(
                    "%s%nsigma_rel=%s images=%d guidance=%s steps=%d"
                            .formatted(
                                    trial.training(),
                                    trial.postHoc().sigmaRel(),
                                    trial.postHoc().images(),
                                    trial.postHoc().guidance(),
                                    trial.postHoc().steps()));
        }
        storage.putUpdate(candidate.build());
    }

    /** The page shows all digits of a score. */
    private static Double rounded(Double score) {
        return score == null ? null : SignificantDigits.round(score, SCORE_DIGITS);
    }

    /** Nothing: each candidate's change tells the counts. */
    @Override
    public void onRunnerStatusChange(IOptimizationRunner runner) {}

    /** Nothing: trainings do not tell Arbiter of their steps. */
    @Override
    public void onCandidateIteration(CandidateInfo info, Object candidate, int iteration) {}

    /** Nothing: the page lives until {@link #close}. */
    @Override
    public void onShutdown(IOptimizationRunner runner) {}

    /** Stops the server. */
    @Override
    public void close() {
        stopServer();
    }

    private static void stopServer() {
        try {
            VertxUIServer.stopInstance();
        } catch (Exception e) { // all that DL4J declares; the search has ended well
            LOG.warn("The page of the search has not been stopped ({})", e.toString());
        }
    }

    @SuppressWarnings("deprecation") // The page asks for a provider or a source of data.
    private static OptimizationConfiguration shown(SearchConfig config, Path study) {
        return new OptimizationConfiguration.Builder()
                .candidateGenerator(new TrainOnceForAllEmaLengths(new Axes(config)))
                .dataProvider(named(DataProvider.class, config.data()))
                .scoreFunction(
                        named(ScoreFunction.class, config.searchObjective().score() + ", lowest"))
                .modelSaver(named(ResultSaver.class, study.toString()))
                .terminationConditions(
                        named(
                                TerminationCondition.class,
                                "no candidate of %s is left".formatted(config.searchStrategy())))
                .build();
    }

    /** A part of Arbiter's of which the page shows the name, and that lower scores are better. */
    private static <T> T named(Class<T> part, String name) {
        return part.cast(
                Proxy.newProxyInstance(
                        part.getClassLoader(),
                        new Class<?>[] {part},
                        (proxy, method, arguments) ->
                                switch (method.getName()) {
                                    case "toString" -> name;
                                    case "minimize" -> true;
                                    default ->
                                            throw new UnsupportedOperationException(
                                                    method.getName());
                                }));
    }

    /** Counts and configuration, the latter as it is rather than read from JSON. */
    private static final class Overview extends GlobalConfigPersistable {

        private final transient OptimizationConfiguration configuration;

        Overview(OptimizationConfiguration configuration, GlobalConfigPersistable.Builder counts) {
            super(counts);
            this.configuration = configuration;
        }

        @Override
        public OptimizationConfiguration getOptimizationConfiguration() {
            return configuration;
        }
    }

    /** The page shows the name of this class. */
    private static final class TrainOnceForAllEmaLengths extends RandomSearchGenerator {

        TrainOnceForAllEmaLengths(Axes axes) {
            super(axes);
        }
    }

    /** All that is searched, in the class to which the page casts a space. */
    @SuppressWarnings("rawtypes") // Arbiter's interface
    private static final class Axes extends BaseNetworkSpace<Object> {

        private final Map<String, ParameterSpace> spaces = new LinkedHashMap<>();

        Axes(SearchConfig config) {
            spaces.putAll(config.trainingSpace().axes());
            spaces.put("ema-lengths", config.choices().lengths());
            spaces.put("times", new DiscreteParameterSpace<>(config.times()));
            spaces.put("guidance", new DiscreteParameterSpace<>(config.guidance()));
            spaces.put("steps", new DiscreteParameterSpace<>(config.steps()));
        }

        @Override
        public Map<String, ParameterSpace> getNestedSpaces() {
            return spaces;
        }

        @Override
        public int numParameters() {
            return spaces.size();
        }

        @Override
        public Object getValue(double[] values) {
            throw new UnsupportedOperationException("is shown only");
        }
    }
}
