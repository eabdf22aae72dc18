package dev.afterimage.devservices.deployment;

import io.quarkus.datasource.common.runtime.DataSourceUtil;
import io.quarkus.datasource.deployment.spi.DevServicesDatasourceConfigurationHandlerBuildItem;
import io.quarkus.deployment.IsDevServicesSupportedByLaunchMode;
import io.quarkus.deployment.annotations.BuildProducer;
import io.quarkus.deployment.annotations.BuildStep;
import io.quarkus.deployment.annotations.BuildSteps;
import io.quarkus.deployment.builditem.ApplicationInfoBuildItem;
import io.quarkus.deployment.builditem.DevServicesResultBuildItem;
import io.quarkus.deployment.builditem.DockerStatusBuildItem;
import io.quarkus.deployment.builditem.LaunchModeBuildItem;
import io.quarkus.deployment.dev.devservices.DevServicesConfig;
import io.quarkus.deployment.pkg.builditem.CurateOutcomeBuildItem;
import io.quarkus.runtime.LaunchMode;
import java.util.Map;
import org.eclipse.microprofile.config.ConfigProvider;

/** Decides at build time which services the application needs; they start just before the application. */
@BuildSteps(onlyIf = {IsDevServicesSupportedByLaunchMode.class, DevServicesConfig.Enabled.class})
class OutboxDevServicesProcessor {

    private static final String FEATURE = "outbox-dev-services";

    /**
     * Marks the default datasource as provided. Otherwise Quarkus would start its own PostgreSQL, which fails the build
     * without Docker.
     */
    @BuildStep
    void takeDatasource(
            OutboxDevServicesConfig config,
            BuildProducer<DevServicesDatasourceConfigurationHandlerBuildItem> handlers) {
        if (config.enabled() && Runner.of(config.mode(), System.getProperty("os.name")) == Runner.PROCESSES) {
            handlers.produce(new DevServicesDatasourceConfigurationHandlerBuildItem(
                    "postgresql",
                    (datasource, started) -> Map.of(),
                    datasource -> Map.of(),
                    DataSourceUtil::isDefault));
        }
    }

    @BuildStep
    void start(
            OutboxDevServicesConfig config,
            LaunchModeBuildItem launch,
            ApplicationInfoBuildItem info,
            CurateOutcomeBuildItem outcome,
            DockerStatusBuildItem docker,
            BuildProducer<DevServicesResultBuildItem> services) {
        if (!config.enabled()) {
            return;
        }
        Runner runner = Runner.of(config.mode(), System.getProperty("os.name"));
        var application = new Application(
                config,
                ConfigProvider.getConfig(),
                outcome.getApplicationModel(),
                launch.getLaunchMode(),
                info.getName());
        if (!application.needsAnything()) {
            return;
        }
        if (runner == Runner.CONTAINERS) {
            runner.require(docker::isContainerRuntimeAvailable);
            services.produce(application.container(FEATURE));
            return;
        }
        var programs = new Programs(outcome.getApplicationModel());
        var service = new OutboxDevService(
                () -> application.place(programs::distribution, programs.classPath()),
                application.request(),
                launch.getLaunchMode() == LaunchMode.DEVELOPMENT);
        services.produce(DevServicesResultBuildItem.<OutboxDevService>owned()
                .feature(FEATURE)
                .serviceName(info.getName())
                .serviceConfig(application.identity())
                .startable(() -> service)
                .configProvider(application.provided())
                .build());
    }
}
