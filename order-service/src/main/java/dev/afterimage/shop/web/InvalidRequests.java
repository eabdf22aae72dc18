package dev.afterimage.shop.web;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.util.ReferenceCountUtil;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.vertx.core.impl.VertxBuilder;
import io.vertx.core.impl.transports.JDKTransport;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.spi.VertxServiceProvider;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Replaces a request that is not valid HTTP, or whose target is not a URI, by a valid request that names the problem.
 * {@link HttpRefusals} answers it. Without this class Vert.x or Quarkus answer without a body; over HTTP/2 they still do.
 * Quarkus finds this class at build time in {@code META-INF/services}.
 */
@RegisterForReflection // Netty looks up the methods of handlers
public class InvalidRequests implements VertxServiceProvider {

    /** The header that names the {@link ProblemType}. No client can send it, because of the colon. */
    static final String PROBLEM = ":problem";
    /** The target that Netty gives to a request without a readable one. */
    private static final String TARGET = "/bad-request";

    @Override
    public void init(VertxBuilder builder) {
        builder.findTransport(new JDKTransport() {
            @Override
            public void configure(NetServerOptions options, boolean domainSocket, ServerBootstrap server) {
                super.configure(options, domainSocket, server);
                server.childHandler(new Connections(server.config().childHandler()));
            }
        });
    }

    private static boolean isUri(String target) {
        try {
            var _ = new URI(target);
            return true;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static final class Connections extends ChannelInitializer<Channel> {

        private final ChannelHandler vertx;

        Connections(ChannelHandler vertx) {
            this.vertx = vertx;
        }

        @Override
        protected void initChannel(Channel connection) {
            connection.pipeline().addLast(vertx, new NewConnection());
        }
    }

    /** Waits for the first bytes: Vert.x reads them, adds its handlers of HTTP/1 or HTTP/2, then passes the bytes on. */
    private static final class NewConnection extends ChannelInboundHandlerAdapter {

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            var handlers = context.pipeline();
            var encoder = handlers.context(HttpResponseEncoder.class);
            if (encoder != null) {
                handlers.addAfter(encoder.name(), null, new Http1());
            }
            if (encoder != null || handlers.get(Http2ConnectionHandler.class) != null) {
                handlers.remove(this);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object bytes) {
            context.pipeline().remove(this).addLast(new NewConnection());
            context.fireChannelRead(bytes);
        }
    }

    private static final class Http1 extends ChannelDuplexHandler {

        private @Nullable HttpRequest last;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof HttpRequest request)) {
                context.fireChannelRead(message);
                return;
            }
            last = request;
            if (request.decoderResult().isFailure()) {
                var type =
                        switch (request.decoderResult().cause()) {
                            case TooLongHttpLineException _ -> ProblemType.TARGET_TOO_LONG;
                            case TooLongHttpHeaderException _ -> ProblemType.HEADERS_TOO_LARGE;
                            default -> ProblemType.INVALID_REQUEST;
                        };
                context.fireChannelRead(named(type, request));
                context.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
                ReferenceCountUtil.release(request);
            } else if (isHttp1(request) && isUri(request.uri())) {
                context.fireChannelRead(request);
            } else {
                context.fireChannelRead(named(ProblemType.INVALID_REQUEST, request));
            }
        }

        private static boolean isHttp1(HttpRequest request) {
            return request.protocolVersion().majorVersion() == 1;
        }

        /** With a Host header, without which the router refuses a request of HTTP/1.1 itself. */
        private static HttpRequest named(ProblemType type, HttpRequest request) {
            var headers = DefaultHttpHeadersFactory.headersFactory().withValidation(false);
            var version = isHttp1(request) ? request.protocolVersion() : HttpVersion.HTTP_1_1;
            var named = new DefaultHttpRequest(version, request.method(), TARGET, headers);
            named.headers().set(HttpHeaderNames.HOST, "localhost").set(PROBLEM, type.name());
            return named;
        }

        /** Vert.x refuses an upgrade to HTTP/2 whose headers are not valid. No other 400 has this class. */
        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise written) throws Exception {
            if (last != null
                    && message instanceof DefaultFullHttpResponse answer
                    && answer.status().equals(HttpResponseStatus.BAD_REQUEST)) {
                written.setSuccess();
                context.fireChannelRead(named(ProblemType.INVALID_REQUEST, last));
            } else {
                super.write(context, message, written);
            }
        }
    }
}
